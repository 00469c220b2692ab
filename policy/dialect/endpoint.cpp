#include "policy/dialect/endpoint.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/ascii.h"
#include "policy/dialect/stored_path.h"

namespace headrace::policy {
namespace {

enum Method : std::uint8_t { kGet = 1, kPost = 2, kDelete = 4, kAny = 0xFF };

// The first segment of a path.
enum Version : std::uint8_t { kV1 = 1, kV1beta = 2, kV1alpha = 4, kV1beta1 = 8 };
constexpr std::uint8_t kGeminiApi = kV1 | kV1beta | kV1alpha;
constexpr std::uint8_t kVertexApi = kV1 | kV1beta1;

// Whose path it is. `listed`: both OpenAI's and Anthropic's, told apart by anthropic-version.
enum class Owner : std::uint8_t { openai, anthropic, gemini, listed };

// In a pattern, `*` is one segment, `**` one or more, `{model}` one segment or the part of one
// before the last colon, `{model**}` one or more segments. Literals stand for themselves.
struct Row {
  consteval Row(unsigned on_versions, std::string_view path, unsigned by_methods, Owner owned_by,
                Endpoint is)
      : pattern(path),
        literal(std::min(path.find_first_of("*{"), path.size())),
        versions(static_cast<std::uint8_t>(on_versions)),
        methods(static_cast<std::uint8_t>(by_methods)),
        owner(owned_by),
        endpoint(is) {}
  std::string_view pattern;  // behind the version
  std::size_t literal;       // how much of it stands for itself
  std::uint8_t versions;
  std::uint8_t methods;
  Owner owner;
  Endpoint endpoint;
};

// The first row that fits counts, so what is asked for most stands first, and what is particular
// before what is general.
constexpr Row kRows[] = {
    {kV1, "/chat/completions", kPost, Owner::openai, Endpoint::chat_completions},
    {kV1, "/messages", kPost, Owner::anthropic, Endpoint::messages},
    {kV1, "/responses", kPost, Owner::openai, Endpoint::responses},
    {kV1, "/embeddings", kPost, Owner::openai, Endpoint::embeddings},
    {kV1, "/completions", kPost, Owner::openai, Endpoint::completions},
    {kV1, "/moderations", kPost, Owner::openai, Endpoint::moderations},
    {kV1, "/messages/count_tokens", kPost, Owner::anthropic, Endpoint::count_tokens},
    {kV1, "/responses/input_tokens", kPost, Owner::openai, Endpoint::responses_input_tokens},

    {kGeminiApi, "/models/{model}:streamGenerateContent", kPost, Owner::gemini,
     Endpoint::stream_generate_content},
    {kGeminiApi, "/models/{model}:generateContent", kPost, Owner::gemini,
     Endpoint::generate_content},
    {kGeminiApi, "/models/{model}:countTokens", kPost, Owner::gemini,
     Endpoint::gemini_count_tokens},
    {kGeminiApi, "/models/{model}:embedContent", kPost, Owner::gemini, Endpoint::embed_content},
    {kGeminiApi, "/models/{model}:batchEmbedContents", kPost, Owner::gemini,
     Endpoint::batch_embed_contents},
    {kVertexApi, "/projects/*/locations/*/publishers/google/models/{model}:streamGenerateContent",
     kPost, Owner::gemini, Endpoint::stream_generate_content},
    {kVertexApi, "/projects/*/locations/*/publishers/google/models/{model}:generateContent", kPost,
     Owner::gemini, Endpoint::generate_content},
    {kVertexApi, "/projects/*/locations/*/publishers/google/models/{model}:countTokens", kPost,
     Owner::gemini, Endpoint::gemini_count_tokens},
    {kVertexApi, "/projects/*/locations/*/publishers/google/models/{model}:embedContent", kPost,
     Owner::gemini, Endpoint::embed_content},
    {kVertexApi, "/publishers/google/models/{model}:streamGenerateContent", kPost, Owner::gemini,
     Endpoint::stream_generate_content},
    {kVertexApi, "/publishers/google/models/{model}:generateContent", kPost, Owner::gemini,
     Endpoint::generate_content},
    {kVertexApi, "/publishers/google/models/{model}:countTokens", kPost, Owner::gemini,
     Endpoint::gemini_count_tokens},

    {kV1, "/models", kGet, Owner::listed, Endpoint::models_list},
    {kV1, "/models/{model**}", kGet, Owner::listed, Endpoint::model_get},
    {kV1beta | kV1alpha, "/models", kGet, Owner::gemini, Endpoint::models_list},
    {kV1beta | kV1alpha, "/models/{model}", kGet, Owner::gemini, Endpoint::model_get},

    // Objects that the provider keeps.
    {kV1, "/chat/completions", kGet, Owner::openai, Endpoint::stored_object},
    {kV1, "/chat/completions/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/responses/compact", kPost, Owner::openai, Endpoint::other},
    {kV1, "/responses/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/conversations", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/conversations/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/files", kAny, Owner::listed, Endpoint::stored_object},
    {kV1, "/files/**", kAny, Owner::listed, Endpoint::stored_object},
    {kV1, "/skills", kAny, Owner::listed, Endpoint::stored_object},
    {kV1, "/skills/**", kAny, Owner::listed, Endpoint::stored_object},
    {kV1, "/uploads", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/uploads/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/batches", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/batches/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/vector_stores", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/vector_stores/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/containers", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/containers/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/fine_tuning/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/evals", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/evals/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/videos", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/videos/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/assistants", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/assistants/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/threads", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/threads/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/chatkit/**", kAny, Owner::openai, Endpoint::stored_object},
    {kV1, "/messages/batches", kAny, Owner::anthropic, Endpoint::stored_object},
    {kV1, "/messages/batches/**", kAny, Owner::anthropic, Endpoint::stored_object},
    {kGeminiApi, "/cachedContents", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/cachedContents/**", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/files", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/files/**", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/fileSearchStores", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/fileSearchStores/**", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/corpora", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/corpora/**", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/tunedModels", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/tunedModels/**", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/interactions", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/interactions/**", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/batches", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/batches/**", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/operations/**", kAny, Owner::gemini, Endpoint::stored_object},
    {kGeminiApi, "/models/{model}:batchGenerateContent", kAny, Owner::gemini,
     Endpoint::stored_object},
    {kGeminiApi, "/models/{model}:asyncBatchEmbedContent", kAny, Owner::gemini,
     Endpoint::stored_object},
    {kGeminiApi, "/models/{model}:predictLongRunning", kAny, Owner::gemini,
     Endpoint::stored_object},
    {kGeminiApi, "/models/*/operations/**", kAny, Owner::gemini, Endpoint::stored_object},

    // Known, without rules of their own. Of Vertex, what is not listed above may be anything.
    {kGeminiApi, "/models/**", kPost, Owner::gemini, Endpoint::other},
    {kVertexApi, "/projects/*/locations/*/publishers/**", kPost, Owner::gemini, Endpoint::other},
    {kVertexApi, "/projects/**", kAny, Owner::gemini, Endpoint::stored_object},
    {kV1, "/images/**", kPost, Owner::openai, Endpoint::other},
    {kV1, "/audio/**", kAny, Owner::openai, Endpoint::other},
    {kV1, "/realtime", kAny, Owner::openai, Endpoint::other},
    {kV1, "/realtime/**", kAny, Owner::openai, Endpoint::other},
    {kV1, "/complete", kPost, Owner::anthropic, Endpoint::other},
};

constexpr bool is_name_byte(char c) {
  return core::is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == ':' || c == '@';
}

// A segment that may stand for something: not empty, no step through folders, nothing encoded.
bool is_name(std::string_view segment) {
  return !segment.empty() && segment.front() != '.' && segment.front() != ':' &&
         std::ranges::all_of(segment, is_name_byte);
}

bool are_names(std::string_view segments) {
  for (;;) {
    const std::size_t slash = segments.find('/');
    if (!is_name(segments.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    segments.remove_prefix(slash + 1);
  }
}

std::string_view first_segment(std::string_view path) {
  return path.substr(0, path.find('/'));
}

// Matches one pattern segment that begins with `*` or `{`; moves both behind it.
bool match_wildcard(std::string_view& pattern, std::string_view& path, std::string_view& model) {
  const std::size_t end = pattern.find('/');
  const std::string_view wildcard = pattern.substr(0, end);
  const std::string_view segment = first_segment(path);
  if (wildcard == "**") {
    if (!are_names(path)) return false;
    path = {};
  } else if (wildcard == "{model**}") {
    if (!are_names(path)) return false;
    model = path;
    path = {};
  } else if (wildcard == "*" || wildcard == "{model}") {
    if (!is_name(segment)) return false;
    if (wildcard != "*") model = segment;
    path.remove_prefix(segment.size());
  } else {
    // {model}:verb
    const std::string_view verb = wildcard.substr(std::string_view("{model}").size());
    if (!segment.ends_with(verb)) return false;
    model = segment.substr(0, segment.size() - verb.size());
    if (!is_name(model)) return false;
    path.remove_prefix(segment.size());
  }
  pattern.remove_prefix(wildcard.size());
  return true;
}

bool match_path(const Row& row, std::string_view path, std::string_view& model) {
  std::string_view pattern = row.pattern;
  std::size_t literal = row.literal;
  for (;;) {
    if (path.substr(0, literal) != pattern.substr(0, literal)) return false;
    if (literal == pattern.size()) return path.size() == literal;
    pattern.remove_prefix(literal);
    path.remove_prefix(literal);
    if (!match_wildcard(pattern, path, model)) return false;
    literal = std::min(pattern.find_first_of("*{"), pattern.size());
  }
}

std::uint8_t method_bit(std::string_view method) {
  if (method == "POST") return kPost;
  if (method == "GET" || method == "HEAD") return kGet;
  if (method == "DELETE") return kDelete;
  return 0;
}

std::string_view allow_text(unsigned methods) {
  switch (methods) {
    case kGet:
      return "GET, HEAD";
    case kPost:
      return "POST";
    case kGet | kPost:
      return "GET, HEAD, POST";
    default:
      return {};
  }
}

std::uint8_t version_bit(std::string_view segment) {
  if (segment == "v1") return kV1;
  if (segment == "v1beta") return kV1beta;
  if (segment == "v1alpha") return kV1alpha;
  if (segment == "v1beta1") return kV1beta1;
  return 0;
}

Dialect dialect_of(Owner owner, bool anthropic_version) {
  switch (owner) {
    case Owner::openai:
      return Dialect::openai;
    case Owner::anthropic:
      return Dialect::anthropic;
    case Owner::gemini:
      return Dialect::gemini;
    case Owner::listed:
      break;
  }
  return anthropic_version ? Dialect::anthropic : Dialect::openai;
}

// Whose shape a refusal has when no pattern tells.
Dialect likely_dialect(std::uint8_t version, bool anthropic_version) {
  if ((version & (kV1beta | kV1alpha | kV1beta1)) != 0) return Dialect::gemini;
  return anthropic_version ? Dialect::anthropic : Dialect::openai;
}

EndpointKind kind_of(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::unknown:
      return EndpointKind::unknown;
    case Endpoint::models_list:
    case Endpoint::model_get:
      return EndpointKind::models;
    case Endpoint::stored_object:
      return EndpointKind::stored_object;
    case Endpoint::other:
      return EndpointKind::other;
    default:
      return EndpointKind::metered;
  }
}

// Anything else is there for whom a passthrough rule lets it through, and for nobody else.
bool has_rules(Endpoint endpoint) {
  const EndpointKind kind = kind_of(endpoint);
  return kind == EndpointKind::metered || kind == EndpointKind::models;
}

}  // namespace

namespace {

EndpointMatch match_rows(std::string_view method, std::string_view path, bool anthropic_version) {
  EndpointMatch match;
  match.dialect = likely_dialect(0, anthropic_version);
  if (!path.starts_with('/')) return match;
  std::string_view rest = path.substr(1);
  if (rest.starts_with("upload/")) rest.remove_prefix(std::string_view("upload/").size());
  const bool upload = rest.size() + 1 != path.size();
  const std::string_view first = first_segment(rest);
  const std::uint8_t version = version_bit(first);
  match.dialect = likely_dialect(version, anthropic_version);
  rest.remove_prefix(first.size());
  const std::uint8_t asked = method_bit(method);
  bool known = false;
  unsigned allowed = 0;
  for (const Row& row : kRows) {
    // Gemini takes files to keep at paths of their own.
    if (upload && (row.owner != Owner::gemini || row.endpoint != Endpoint::stored_object)) continue;
    std::string_view model;
    if ((row.versions & version) == 0 || !match_path(row, rest, model)) continue;
    const bool method_allowed = (row.methods & asked) != 0 || row.methods == kAny;
    if (!known || method_allowed) {
      match.dialect = dialect_of(row.owner, anthropic_version);
      match.endpoint = row.endpoint;
      match.kind = kind_of(row.endpoint);
      match.model_in_path = model;
    }
    known = true;
    if (has_rules(row.endpoint)) allowed |= row.methods;
    if (!method_allowed) continue;
    match.method_allowed = true;
    match.needs_json_body = match.kind == EndpointKind::metered;
    return match;
  }
  match.allow = allow_text(allowed);
  return match;
}

}  // namespace

EndpointMatch match_endpoint(std::string_view method, std::string_view path,
                             bool anthropic_version) {
  EndpointMatch match = match_rows(method, path, anthropic_version);
  const bool without_rules =
      match.kind == EndpointKind::unknown || match.kind == EndpointKind::other;
  if (without_rules && addresses_stored(method, path)) {
    match.endpoint = Endpoint::stored_object;
    match.kind = EndpointKind::stored_object;
    match.method_allowed = true;
  }
  return match;
}

std::string_view to_text(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::unknown:
      return "unknown";
    case Endpoint::chat_completions:
      return "chat_completions";
    case Endpoint::completions:
      return "completions";
    case Endpoint::responses:
      return "responses";
    case Endpoint::responses_input_tokens:
      return "responses_input_tokens";
    case Endpoint::embeddings:
      return "embeddings";
    case Endpoint::moderations:
      return "moderations";
    case Endpoint::messages:
      return "messages";
    case Endpoint::count_tokens:
      return "count_tokens";
    case Endpoint::generate_content:
      return "generate_content";
    case Endpoint::stream_generate_content:
      return "stream_generate_content";
    case Endpoint::gemini_count_tokens:
      return "gemini_count_tokens";
    case Endpoint::embed_content:
      return "embed_content";
    case Endpoint::batch_embed_contents:
      return "batch_embed_contents";
    case Endpoint::models_list:
      return "models_list";
    case Endpoint::model_get:
      return "model_get";
    case Endpoint::stored_object:
      return "stored_object";
    case Endpoint::other:
      return "other";
  }
  return "";
}

bool generates(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::chat_completions:
    case Endpoint::completions:
    case Endpoint::responses:
    case Endpoint::messages:
    case Endpoint::generate_content:
    case Endpoint::stream_generate_content:
      return true;
    default:
      return false;
  }
}

}  // namespace headrace::policy

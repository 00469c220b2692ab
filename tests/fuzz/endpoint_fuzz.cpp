// Endpoints: which paths are metered, and what model they name, must be what a list of regular
// expressions says; nothing that has rules may hold a byte that could be read in two ways, and
// nothing that reads like a way to what a provider keeps may pass for something else.
// The input is a method, a line end and a path.
#include <array>
#include <cctype>
#include <cstdint>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "policy/dialect/endpoint.h"
#include "tests/fuzz/fuzz_check.h"

namespace headrace::fuzz {
namespace {

using policy::Endpoint;

struct Metered {
  const char* path;
  Endpoint endpoint;
};

#define HEADRACE_NAME "([A-Za-z0-9_@-][A-Za-z0-9_@.:-]*)"
#define HEADRACE_API "/(?:v1|v1beta|v1alpha)/models/" HEADRACE_NAME
#define HEADRACE_VERTEX                                                                  \
  "/(?:v1|v1beta1)(?:/projects/[A-Za-z0-9_@-][A-Za-z0-9_@.:-]*/locations/[A-Za-z0-9_@-]" \
  "[A-Za-z0-9_@.:-]*)?/publishers/google/models/" HEADRACE_NAME

constexpr std::array kMetered = {
    Metered{"/v1/chat/completions()", Endpoint::chat_completions},
    Metered{"/v1/completions()", Endpoint::completions},
    Metered{"/v1/responses()", Endpoint::responses},
    Metered{"/v1/responses/input_tokens()", Endpoint::responses_input_tokens},
    Metered{"/v1/embeddings()", Endpoint::embeddings},
    Metered{"/v1/moderations()", Endpoint::moderations},
    Metered{"/v1/messages()", Endpoint::messages},
    Metered{"/v1/messages/count_tokens()", Endpoint::count_tokens},
    Metered{HEADRACE_API ":generateContent", Endpoint::generate_content},
    Metered{HEADRACE_API ":streamGenerateContent", Endpoint::stream_generate_content},
    Metered{HEADRACE_API ":countTokens", Endpoint::gemini_count_tokens},
    Metered{HEADRACE_API ":embedContent", Endpoint::embed_content},
    Metered{HEADRACE_API ":batchEmbedContents", Endpoint::batch_embed_contents},
    Metered{HEADRACE_VERTEX ":generateContent", Endpoint::generate_content},
    Metered{HEADRACE_VERTEX ":streamGenerateContent", Endpoint::stream_generate_content},
    Metered{HEADRACE_VERTEX ":countTokens", Endpoint::gemini_count_tokens},
    Metered{"/(?:v1|v1beta1)/projects/[A-Za-z0-9_@-][A-Za-z0-9_@.:-]*/locations/[A-Za-z0-9_@-]"
            "[A-Za-z0-9_@.:-]*/publishers/google/models/" HEADRACE_NAME ":embedContent",
            Endpoint::embed_content},
};

struct Expected {
  Endpoint endpoint = Endpoint::unknown;
  std::string model;
};

Expected reference(const std::string& path) {
  static const auto kPatterns = [] {
    std::array<std::regex, kMetered.size()> patterns;
    for (std::size_t i = 0; i < patterns.size(); ++i)
      patterns[i] = std::regex(kMetered[i].path);
    return patterns;
  }();
  for (std::size_t i = 0; i < kPatterns.size(); ++i) {
    std::smatch found;
    if (std::regex_match(path, found, kPatterns[i])) return {kMetered[i].endpoint, found[1].str()};
  }
  return {};
}

// The words of each segment of a path, decoded: what it begins with, and what stands behind its
// last colon, small and without marks.
struct Words {
  std::string name;
  std::string verb;
};

std::string small_word(const std::string& text) {
  std::string word;
  for (const char c : text) {
    if (c == '-' || c == '_') continue;
    word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return word;
}

std::vector<Words> words_of(const std::string& path) {
  std::string decoded;
  for (std::size_t i = 0; i < path.size(); ++i) {
    unsigned value = 0;
    const auto isxdigit_at = [&](std::size_t at) {
      return at < path.size() && std::isxdigit(static_cast<unsigned char>(path[at])) != 0;
    };
    if (path[i] == '%' && isxdigit_at(i + 1) && isxdigit_at(i + 2)) {
      value = static_cast<unsigned>(std::stoul(path.substr(i + 1, 2), nullptr, 16));
      decoded += static_cast<char>(value);
      i += 2;
    } else {
      decoded += path[i];
    }
  }
  static const std::regex kSegment("[^/\\\\]+");
  static const std::regex kName("^[-_A-Za-z0-9]*");
  static const std::regex kVerb(":([-_A-Za-z0-9]*)[^:]*$");
  std::vector<Words> words;
  for (std::sregex_iterator at(decoded.begin(), decoded.end(), kSegment), end; at != end; ++at) {
    const std::string segment = at->str();
    std::smatch name;
    std::smatch verb;
    std::regex_search(segment, name, kName);
    const bool has_verb = std::regex_search(segment, verb, kVerb);
    words.push_back({small_word(name.str()), has_verb ? small_word(verb[1].str()) : ""});
  }
  return words;
}

// The families that the providers' formats have had for long, and those that stand for something
// kept in some places only.
bool reads_as_stored(std::string_view method, const std::string& path) {
  static const std::regex kFamily(
      "files|uploads|batches|vectorstores|containers|conversations|finetuning|evals|videos|"
      "assistants|threads|chatkit|skills|voices|agents|memorystores|cachedcontents|"
      "filesearchstores|corpora|tunedmodels|interactions|operations");
  static const std::regex kVerb("batchgeneratecontent|asyncbatchembedcontent|predictlongrunning");
  const std::vector<Words> words = words_of(path);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string before = i > 0 ? words[i - 1].name : "";
    const bool last = i + 1 == words.size();
    const std::string& name = words[i].name;
    if (std::regex_match(name, kFamily) || std::regex_match(words[i].verb, kVerb)) return true;
    if (name == "responses" && !last && words[i + 1].name != "compact" &&
        words[i + 1].name != "inputtokens") {
      return true;
    }
    if (name == "completions" && before == "chat" && (!last || method != "POST")) return true;
    if (name == "projects" && !(i + 4 < words.size() && words[i + 2].name == "locations" &&
                                words[i + 4].name == "publishers")) {
      return true;
    }
  }
  return false;
}

void try_path(std::string_view method, std::string_view path) {
  constexpr std::size_t kRegexBytesMax = 512;  // beyond it std::regex may run out of stack
  if (path.size() > kRegexBytesMax) return;
  for (const bool anthropic : {false, true}) {
    const policy::EndpointMatch match = policy::match_endpoint(method, path, anthropic);
    const Expected expected = reference(std::string(path));
    const bool metered = match.kind == policy::EndpointKind::metered;
    if (metered && method == "POST") FUZZ_CHECK(match.method_allowed);
    if (metered && method != "POST") FUZZ_CHECK(!match.method_allowed);
    if (metered || method == "POST") {
      FUZZ_CHECK((metered ? match.endpoint : Endpoint::unknown) == expected.endpoint);
    }
    if (metered) FUZZ_CHECK(match.model_in_path == expected.model);
    if (!match.model_in_path.empty()) {
      FUZZ_CHECK(match.model_in_path.data() >= path.data() &&
                 match.model_in_path.data() + match.model_in_path.size() <=
                     path.data() + path.size());
    }
    const bool without_rules =
        match.kind == policy::EndpointKind::unknown || match.kind == policy::EndpointKind::other;
    if (without_rules) FUZZ_CHECK(!reads_as_stored(method, std::string(path)));
    if (match.kind == policy::EndpointKind::unknown ||
        match.kind == policy::EndpointKind::stored_object) {
      continue;
    }
    FUZZ_CHECK(path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-._:@/") == std::string_view::npos);
    FUZZ_CHECK(path.find("//") == std::string_view::npos && !path.ends_with('/'));
    FUZZ_CHECK(path.find("/.") == std::string_view::npos);
  }
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = text.find('\n');
  if (line_end == text.npos) return 0;
  headrace::fuzz::try_path(text.substr(0, line_end), text.substr(line_end + 1));
  return 0;
}

// Request bodies: what is scanned must be what a plain parser reads, whatever the packets; what is
// accepted must stay the same but for the edited member.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <simdjson.h>

#include "policy/body/body_scan.h"
#include "policy/body/request_edits.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/reference_json.h"
#include "tests/fuzz/stored_names.h"

namespace headrace::fuzz {
namespace {

using namespace policy;
using Type = ReferenceJson::Type;

constexpr Endpoint kEndpoints[] = {
    Endpoint::chat_completions,     Endpoint::completions, Endpoint::responses,
    Endpoint::embeddings,           Endpoint::messages,    Endpoint::generate_content,
    Endpoint::batch_embed_contents, Endpoint::other};
constexpr std::uint32_t kDepthMax = 20;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

using Scanned = std::expected<BodyFacts, BodyError>;

Scanned scan_in_packets(std::string_view body, std::size_t packet, Endpoint endpoint) {
  BodyScan scan(endpoint, {.depth_max = kDepthMax});
  for (std::size_t here = 0; here < body.size();) {
    here = std::min(here + packet, body.size());
    const std::vector<char> arrived(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(here));
    const auto ok = scan.advance(bytes_of({arrived.data(), here}));
    if (!ok) return std::unexpected(ok.error());
  }
  return scan.finish();
}

void check_same(const Scanned& one, const Scanned& other) {
  FUZZ_CHECK(one.has_value() == other.has_value());
  if (!one) {
    FUZZ_CHECK(one.error().kind == other.error().kind);
    // A wrong character is noticed when its slice has been walked, so another fault may come first.
    FUZZ_CHECK(one.error().offset == other.error().offset);
    return;
  }
  FUZZ_CHECK(one->root.value == other->root.value);
  FUZZ_CHECK(one->model.value == other->model.value);
  FUZZ_CHECK(one->model.escaped == other->model.escaped);
  FUZZ_CHECK(one->stream.is_true == other->stream.is_true);
  FUZZ_CHECK(one->stream_options.value == other->stream_options.value);
  FUZZ_CHECK(one->include_usage.value == other->include_usage.value);
  FUZZ_CHECK(one->output_cap.value == other->output_cap.value);
  FUZZ_CHECK(one->answers_billed() == other->answers_billed());
  FUZZ_CHECK(one->depth == other->depth);
  FUZZ_CHECK(one->deepest_at == other->deepest_at);
  FUZZ_CHECK(one->stored_reference == other->stored_reference);
  FUZZ_CHECK(one->too_deep_to_see == other->too_deep_to_see);
}

void check_references(const BodyFacts& facts, const ReferenceJson& root, Endpoint endpoint) {
  const StoredNames names = stored_names(root, endpoint);
  if (names.unsure) return;
  FUZZ_CHECK(names.named == static_cast<bool>(facts.stored_reference));
  FUZZ_CHECK(names.unseen == static_cast<bool>(facts.too_deep_to_see));
  if (endpoint == Endpoint::other) FUZZ_CHECK(!names.ambiguous);
}

// What decides something in a chat, and how it must look.
enum class Kind { text, boolean, count, object, any };
struct Decisive {
  std::string_view key;
  Kind kind;
};
constexpr Decisive kChat[] = {{"model", Kind::text},
                              {"stream", Kind::boolean},
                              {"stream_options", Kind::object},
                              {"max_completion_tokens", Kind::count},
                              {"max_tokens", Kind::count},
                              {"n", Kind::count},
                              {"service_tier", Kind::text},
                              {"metadata", Kind::object},
                              {"user", Kind::text},
                              {"store", Kind::boolean},
                              {"safety_identifier", Kind::any},
                              {"prompt_cache_key", Kind::any},
                              {"temperature", Kind::any},
                              {"seed", Kind::any},
                              {"messages", Kind::any},
                              {"tools", Kind::any}};
constexpr Decisive kStreamOptions[] = {{"include_usage", Kind::boolean}};

bool is_count(const std::string& text) {
  constexpr std::string_view kMost = "9007199254740992";
  if (text == "-0") return true;
  if (text.find_first_not_of("0123456789") != std::string::npos) return false;
  return text.size() < kMost.size() || (text.size() == kMost.size() && text <= kMost);
}

bool is_right(const ReferenceJson& value, Kind kind) {
  if (value.type == Type::null) return true;
  switch (kind) {
    case Kind::text:
      return value.type == Type::string;
    case Kind::boolean:
      return value.type == Type::boolean_true || value.type == Type::boolean_false;
    case Kind::count:
      return value.type == Type::number && is_count(value.text);
    case Kind::object:
      return value.type == Type::object;
    case Kind::any:
      return true;
  }
  return false;
}

// Whether each decisive key stands at most once, in its own letters only, with a right value.
template <std::size_t kCount>
bool is_accepted(const ReferenceJson& object, const Decisive (&rows)[kCount]) {
  for (const Decisive& row : rows) {
    std::size_t times = 0;
    for (const ReferenceJson& value : object.members) {
      if (value.key == row.key) {
        ++times;
        if (!is_right(value, row.kind)) return false;
      } else if (folded_key(value.key) == row.key) {
        return false;
      }
    }
    if (times > 1) return false;
  }
  return true;
}

bool is_accepted_model(const ReferenceJson& model) {
  if (model.type != Type::string) return true;
  return model.whole && model.text.size() <= kModelBytesMax &&
         std::none_of(model.text.begin(), model.text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_accepted_chat(const ReferenceJson& root) {
  if (root.type != Type::object || !is_accepted(root, kChat)) return false;
  const ReferenceJson* const model = root.member("model");
  if (model != nullptr && !is_accepted_model(*model)) return false;
  if (stored_names(root, Endpoint::chat_completions).ambiguous) return false;
  const ReferenceJson* const options = root.member("stream_options");
  return options == nullptr || options->type != Type::object ||
         is_accepted(*options, kStreamOptions);
}

std::size_t depth_of(const ReferenceJson& value) {
  if (value.type != Type::object && value.type != Type::array) return 0;
  std::size_t inside = 0;
  for (const auto* children : {&value.members, &value.elements}) {
    for (const ReferenceJson& child : *children)
      inside = std::max(inside, depth_of(child));
  }
  return inside + 1;
}

void check_chat_facts(const BodyFacts& facts, const ReferenceJson& root, std::string_view body) {
  FUZZ_CHECK(facts.root.value.offset == root.begin);
  FUZZ_CHECK(facts.root.value.end() == root.end);
  FUZZ_CHECK(facts.root.empty == root.members.empty());
  FUZZ_CHECK(facts.depth == depth_of(root));
  FUZZ_CHECK(body[facts.deepest_at] == '{' || body[facts.deepest_at] == '[');
  const ReferenceJson* const model = root.member("model");
  FUZZ_CHECK(facts.model.given == (model != nullptr && model->type == Type::string));
  if (facts.model.given) {
    std::array<char, kModelBytesMax> scratch;
    FUZZ_CHECK(model_name(facts, bytes_of(body), scratch) == model->text);
    FUZZ_CHECK(facts.model.value.offset == model->begin);
    FUZZ_CHECK(facts.model.value.end() == model->end);
  }
  const ReferenceJson* const stream = root.member("stream");
  FUZZ_CHECK(facts.stream.is_true == (stream != nullptr && stream->type == Type::boolean_true));
  const ReferenceJson* const n = root.member("n");
  FUZZ_CHECK(facts.choices.given == (n != nullptr && n->type == Type::number));
  if (facts.choices.given) FUZZ_CHECK(facts.choices.count == std::stoll(n->text));
  const ReferenceJson* const options = root.member("stream_options");
  if (options == nullptr || options->type != Type::object) return;
  FUZZ_CHECK(facts.stream_options.empty == options->members.empty());
  FUZZ_CHECK(facts.stream_options.value.end() == options->end);
}

// Every member but the named ones is byte for byte what it was.
void check_others_untouched(const ReferenceJson& before, std::string_view body,
                            const ReferenceJson& after, std::string_view edited) {
  const auto rest = [](const ReferenceJson& root, std::string_view text) {
    std::vector<std::pair<std::string, std::string_view>> members;
    for (const ReferenceJson& value : root.members) {
      const std::string& key = value.key;
      if (key == "model" || key == "stream_options" || key == "max_completion_tokens" ||
          key == "max_tokens") {
        continue;
      }
      members.emplace_back(key, text.substr(value.begin, value.end - value.begin));
    }
    return members;
  };
  FUZZ_CHECK(rest(before, body) == rest(after, edited));
}

void check_edits(const BodyFacts& facts, const ReferenceJson& before, std::string_view body) {
  EditList edits;
  FUZZ_CHECK(set_model(edits, facts, "new \"model\""));
  FUZZ_CHECK(set_include_usage(edits, facts));
  FUZZ_CHECK(set_output_cap(edits, facts, Endpoint::chat_completions, 5));
  std::array<std::string_view, EditList::kSlicesMax> slices;
  const std::size_t count = edits.slices(body, slices);
  std::string edited;
  for (std::size_t i = 0; i < count; ++i)
    edited += slices[i];
  FUZZ_CHECK(edited.size() == edits.length_after(body.size()));
  const auto after = reference_json(edited, kDepthMax);
  FUZZ_CHECK(after.has_value());
  FUZZ_CHECK(is_accepted_chat(*after));
  FUZZ_CHECK(after->member("model")->text == "new \"model\"");
  FUZZ_CHECK(after->member("stream_options")->member("include_usage")->type == Type::boolean_true);
  const ReferenceJson* const cap = after->member("max_completion_tokens");
  const ReferenceJson* const legacy = after->member("max_tokens");
  FUZZ_CHECK((cap != nullptr && cap->type == Type::number) ||
             (legacy != nullptr && legacy->type == Type::number));
  check_others_untouched(before, body, *after, edited);
}

// A parser of others' making must agree on what is JSON. It also refuses halves of surrogate pairs
// and numbers that a double cannot hold, which RFC 8259 allows.
void check_against_simdjson(std::string_view body, bool valid) {
  static simdjson::dom::parser parser;
  const simdjson::error_code error = parser.parse(simdjson::padded_string(body)).error();
  if (error == simdjson::SUCCESS) {
    // Its bound on depth is another one.
    FUZZ_CHECK(valid || reference_json(body, body.size()).has_value());
  } else if (valid) {
    FUZZ_CHECK(error == simdjson::STRING_ERROR || error == simdjson::NUMBER_ERROR);
  }
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  if (size < 2) return 0;
  const Endpoint endpoint = kEndpoints[data[0] % std::size(kEndpoints)];
  const std::size_t packet = 1 + data[1] % 70U;
  const std::string_view body{reinterpret_cast<const char*>(data) + 2, size - 2};

  const Scanned whole = scan_body(bytes_of(body), endpoint, {.depth_max = kDepthMax});
  const auto reference = reference_json(body, kDepthMax);
  const bool valid = reference.has_value() && is_utf8(body);
  check_against_simdjson(body, valid);
  if (whole) FUZZ_CHECK(valid);
  if (whole) check_references(*whole, *reference, endpoint);
  if (valid && endpoint == Endpoint::chat_completions) {
    FUZZ_CHECK(whole.has_value() == is_accepted_chat(*reference));
  }
  // In packets the same; where the text is no UTF-8 either, another fault of it may come first.
  const Scanned sliced = scan_in_packets(body, packet, endpoint);
  if (is_utf8(body)) check_same(whole, sliced);
  if (!is_utf8(body)) FUZZ_CHECK(!whole && !sliced);
  if (whole && endpoint == Endpoint::chat_completions) {
    check_chat_facts(*whole, *reference, body);
    if (reference->end - reference->begin < std::size_t{kDepthMax} * 1000)
      check_edits(*whole, *reference, body);
  }
  return 0;
}

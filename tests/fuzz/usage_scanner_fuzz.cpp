// Answers: the counts must be those that a plain parser finds at their places, whatever the slices.
#include <algorithm>
#include <cstdint>
#include <string>

#include "policy/dialect/usage_scanner.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/fuzz/reference_json.h"
#include "tests/fuzz/slices.h"

namespace headrace::fuzz {
namespace {

using namespace policy;
using Type = ReferenceJson::Type;

constexpr Endpoint kEndpoints[] = {Endpoint::chat_completions, Endpoint::messages,
                                   Endpoint::generate_content};

struct Place {
  std::string_view path;
  RawField field;
};

constexpr Place kChat[] = {
    {"usage.prompt_tokens", RawField::prompt_tokens},
    {"usage.completion_tokens", RawField::completion_tokens},
    {"usage.total_tokens", RawField::total_tokens},
    {"usage.prompt_tokens_details.cached_tokens", RawField::prompt_cached},
    {"usage.prompt_tokens_details.audio_tokens", RawField::prompt_audio},
    {"usage.completion_tokens_details.reasoning_tokens", RawField::completion_reasoning},
};
constexpr Place kMessages[] = {
    {"usage.input_tokens", RawField::input_tokens},
    {"message.usage.input_tokens", RawField::input_tokens},
    {"usage.output_tokens", RawField::output_tokens},
    {"message.usage.output_tokens", RawField::output_tokens},
    {"usage.cache_read_input_tokens", RawField::cache_read_input},
    {"message.usage.cache_read_input_tokens", RawField::cache_read_input},
    {"usage.cache_creation.ephemeral_1h_input_tokens", RawField::cache_creation_1h},
    {"message.usage.cache_creation.ephemeral_1h_input_tokens", RawField::cache_creation_1h},
};
constexpr Place kGemini[] = {
    {"usageMetadata.promptTokenCount", RawField::prompt_token_count},
    {"usageMetadata.candidatesTokenCount", RawField::candidates_token_count},
    {"usageMetadata.thoughtsTokenCount", RawField::thoughts_token_count},
};

std::span<const Place> places(Endpoint endpoint) {
  if (endpoint == Endpoint::messages) return kMessages;
  if (endpoint == Endpoint::generate_content) return kGemini;
  return kChat;
}

std::int64_t to_count(const std::string& text) {
  const std::size_t digits = text.size() - (text.starts_with('-') ? 1 : 0);
  if (digits > 18 || text.find_first_of(".eE") != std::string::npos) return -1;
  return std::stoll(text);
}

// Every number in the text with its path, in order; elements of the outermost array are read as the
// outermost value for Gemini.
void read(const ReferenceJson& value, const std::string& path, Endpoint endpoint, RawUsage& raw) {
  if (value.type == Type::number) {
    for (const Place& place : places(endpoint)) {
      if (place.path == path) raw.set(place.field, to_count(value.text));
    }
  }
  for (const ReferenceJson& member : value.members) {
    const bool plain = !member.key.empty() && member.key.find_first_of(".[") == std::string::npos;
    const std::string key = plain ? member.key : "?";
    std::string place = path;
    if (!place.empty()) place += '.';
    read(member, place.append(key), endpoint, raw);
  }
  for (const ReferenceJson& element : value.elements) {
    const bool streamed = path.empty() && endpoint == Endpoint::generate_content;
    read(element, streamed ? path : path + "[]", endpoint, raw);
  }
}

UsageScanner scan(std::string_view text, std::size_t slice_bytes, Endpoint endpoint) {
  UsageScanner scanner(endpoint);
  in_slices(text, slice_bytes,
            [&](std::string_view slice) { scanner.feed(std::as_bytes(std::span(slice))); });
  return scanner;
}

void check_same(const UsageScanner& one, const UsageScanner& other) {
  FUZZ_CHECK(one.complete() == other.complete());
  FUZZ_CHECK(one.is_error() == other.is_error());
  FUZZ_CHECK(one.finish_reason() == other.finish_reason());
  FUZZ_CHECK(one.raw().size() == other.raw().size());
  for (std::size_t i = 0; i < one.raw().size(); ++i) {
    FUZZ_CHECK(one.raw().pair(i).field == other.raw().pair(i).field);
    FUZZ_CHECK(one.raw().pair(i).count == other.raw().pair(i).count);
  }
}

void check_counts(const UsageScanner& scanner, const ReferenceJson& root, Endpoint endpoint) {
  RawUsage expected;
  read(root, "", endpoint, expected);
  for (const Place& place : places(endpoint)) {
    FUZZ_CHECK(scanner.raw().has(place.field) == expected.has(place.field));
    FUZZ_CHECK(scanner.raw().get(place.field) == expected.get(place.field));
  }
  const Usage usage = scanner.usage();
  FUZZ_CHECK(usage.in_fresh >= 0);
  FUZZ_CHECK(usage.out_text >= 0);
}

// What is recognised by an earlier answer is read as it would be by itself.
void check_pattern(std::string_view text, std::size_t place, std::uint8_t byte, Endpoint endpoint) {
  if (text.empty()) return;
  std::string changed(text);
  changed[place % changed.size()] = static_cast<char>(byte);
  AnswerPattern pattern;
  UsageScanner(endpoint, &pattern).feed(std::as_bytes(std::span(text)));
  for (const std::string_view answer : {text, std::string_view(changed)}) {
    UsageScanner scanner(endpoint, &pattern);
    scanner.feed(std::as_bytes(std::span(answer)));
    check_same(scanner, scan(answer, answer.size(), endpoint));
  }
}

}  // namespace
}  // namespace headrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace::fuzz;
  if (size < 2) return 0;
  const Endpoint endpoint = kEndpoints[data[0] % std::size(kEndpoints)];
  const std::size_t slice_bytes = 1 + data[1] % 70U;
  const std::string_view text{reinterpret_cast<const char*>(data) + 2, size - 2};

  const UsageScanner whole = scan(text, std::max<std::size_t>(text.size(), 1), endpoint);
  const auto reference = reference_json(text, kJsonDepthMax);
  if (reference) FUZZ_CHECK(whole.complete());
  if (reference) {
    check_counts(whole, *reference, endpoint);
  }
  check_pattern(text, data[0] * 7U + data[1] * 31U, data[1], endpoint);
  // A key in escapes that a slice cuts may be too long to be kept.
  if (text.find('\\') == std::string_view::npos) {
    check_same(whole, scan(text, slice_bytes, endpoint));
  }
  return 0;
}

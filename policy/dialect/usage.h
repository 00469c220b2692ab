// What an answer cost, in one normal form for all dialects, and as the provider said it.
//
// The counts of the normal form do not overlap: their sums are what was read and what was written,
// whatever a dialect includes in what (OpenAI and Gemini count cached tokens inside the prompt,
// Anthropic beside it; Gemini counts thoughts beside the candidates, the others inside).
// All counts are tokens unless the name says otherwise.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/dialect/endpoint.h"

namespace headrace::policy {

enum class UsageSource : std::uint8_t {
  none,       // nothing was used, or nothing is known
  provider,   // the provider's final word
  estimated,  // counted by the gateway, wholly or in part
  partial,    // cut short by the gateway's own death; set by recovery
  cache,      // answered from the cache
};
[[nodiscard]] std::string_view to_text(UsageSource source);

// The counts that providers report, by their place. Numbers are kept in records: never renumber.
enum class RawField : std::uint8_t {
  none = 0,
  // OpenAI chat, completions, embeddings
  prompt_tokens = 1,
  completion_tokens = 2,
  total_tokens = 3,
  prompt_cached = 4,       // prompt_tokens_details.cached_tokens
  prompt_cache_write = 5,  // prompt_tokens_details.cache_write_tokens
  prompt_audio = 6,
  prompt_image = 7,
  prompt_text = 8,
  completion_reasoning = 9,  // completion_tokens_details.reasoning_tokens
  completion_audio = 10,
  completion_image = 11,
  completion_text = 12,
  accepted_prediction = 13,
  rejected_prediction = 14,
  // OpenAI responses (input_tokens and output_tokens also Anthropic)
  input_tokens = 15,
  output_tokens = 16,
  // Anthropic
  cache_creation_input = 17,
  cache_read_input = 18,
  cache_creation_5m = 19,  // cache_creation.ephemeral_5m_input_tokens
  cache_creation_1h = 20,
  thinking = 21,  // output_tokens_details.thinking_tokens
  web_search_requests = 22,
  web_fetch_requests = 23,
  // Gemini
  prompt_token_count = 24,
  cached_content_token_count = 25,
  candidates_token_count = 26,
  thoughts_token_count = 27,
  tool_use_prompt_token_count = 28,
  total_token_count = 29,
  prompt_audio_detail = 30,  // promptTokensDetails[modality=AUDIO].tokenCount
  prompt_image_detail = 31,
  cached_audio_detail = 32,
  cached_image_detail = 33,
  candidates_audio_detail = 34,
  candidates_image_detail = 35,
};
inline constexpr std::size_t kRawFieldCount = 36;
[[nodiscard]] std::string_view to_text(RawField field);

// What the provider reported, field by field; the last value of a field counts.
class RawUsage {
 public:
  static constexpr std::size_t kPairsMax = 20;
  struct Pair {
    RawField field = RawField::none;
    std::uint32_t count = 0;
  };

  // Counts below 0 or above 2^32 - 1 are not believed: they are left out and malformed() is set.
  void set(RawField field, std::int64_t count);
  [[nodiscard]] std::int64_t get(RawField field) const;  // 0 when not reported
  [[nodiscard]] bool has(RawField field) const { return (present_ >> index(field) & 1U) != 0; }
  [[nodiscard]] bool empty() const { return present_ == 0; }
  [[nodiscard]] bool malformed() const { return malformed_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Pair pair(std::size_t at) const { return {fields_[at], counts_[at]}; }
  void clear() { *this = RawUsage{}; }

 private:
  static constexpr unsigned index(RawField field) { return static_cast<unsigned>(field); }
  std::uint64_t present_ = 0;
  std::array<std::uint32_t, kPairsMax> counts_{};
  std::array<RawField, kPairsMax> fields_{};
  std::uint8_t size_ = 0;
  bool malformed_ = false;
};

// A few bytes of provider text by value, cut at its capacity: `default`, `priority`, `ON_DEMAND`.
class ShortText {
 public:
  static constexpr std::size_t kBytesMax = 23;
  ShortText() = default;
  explicit ShortText(std::string_view text) {
    size_ = static_cast<std::uint8_t>(text.size() < kBytesMax ? text.size() : kBytesMax);
    text.copy(bytes_.data(), size_);
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kBytesMax> bytes_{};
  std::uint8_t size_ = 0;
};

struct Usage {
  std::int64_t in_fresh = 0;
  std::int64_t in_cache_read = 0;
  std::int64_t in_cache_write_5m = 0;
  std::int64_t in_cache_write_1h = 0;
  std::int64_t in_audio = 0;
  std::int64_t in_image = 0;
  std::int64_t out_text = 0;
  std::int64_t out_reasoning = 0;
  std::int64_t out_audio = 0;
  std::int64_t out_image = 0;
  std::int64_t web_searches = 0;  // calls
  std::int64_t web_fetches = 0;   // calls
  std::int64_t audio_seconds = 0;
  ShortText service_tier;  // as the provider said that it served the request
  UsageSource source = UsageSource::none;

  [[nodiscard]] std::int64_t in_total() const {
    return in_fresh + in_cache_read + in_cache_write_5m + in_cache_write_1h + in_audio + in_image;
  }
  [[nodiscard]] std::int64_t out_total() const {
    return out_text + out_reasoning + out_audio + out_image;
  }
};

// The normal form of what the provider reported for an answer of this endpoint.
[[nodiscard]] Usage normalise(const RawUsage& raw, Endpoint endpoint);

}  // namespace headrace::policy

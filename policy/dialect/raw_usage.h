// What a provider reported of an answer's cost, count by count, as it said it.
//
// Kept beside the normal form, so that a price or a mapping that was wrong can be replayed.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::policy {

// The counts, by their place. The numbers stand in records: never renumber.
enum class RawField : std::uint8_t {
  none = 0,
  // OpenAI chat, completions, embeddings. The details also stand in Responses' input_tokens_details
  // and output_tokens_details.
  prompt_tokens = 1,
  completion_tokens = 2,
  total_tokens = 3,
  prompt_cached = 4,
  prompt_cache_write = 5,
  prompt_audio = 6,
  prompt_image = 7,
  prompt_text = 8,
  completion_reasoning = 9,
  completion_audio = 10,
  completion_image = 11,
  completion_text = 12,
  accepted_prediction = 13,
  rejected_prediction = 14,
  // OpenAI Responses and Anthropic
  input_tokens = 15,
  output_tokens = 16,
  // Anthropic
  cache_creation_input = 17,
  cache_read_input = 18,
  cache_creation_5m = 19,
  cache_creation_1h = 20,
  thinking = 21,
  web_search_requests = 22,
  web_fetch_requests = 23,
  // Gemini
  prompt_token_count = 24,
  cached_content_token_count = 25,
  candidates_token_count = 26,
  thoughts_token_count = 27,
  tool_use_prompt_token_count = 28,
  total_token_count = 29,
  // promptTokensDetails, cacheTokensDetails and candidatesTokensDetails by modality
  prompt_audio_detail = 30,
  prompt_image_detail = 31,
  cached_audio_detail = 32,
  cached_image_detail = 33,
  candidates_audio_detail = 34,
  candidates_image_detail = 35,
};
inline constexpr std::size_t kRawFieldCount = 36;
[[nodiscard]] std::string_view to_text(RawField field);

// One count per field; the last one that was said is the one that counts.
class RawUsage {
 public:
  static constexpr std::size_t kPairsMax = 16;
  struct Pair {
    RawField field = RawField::none;
    std::uint32_t count = 0;
  };

  // A count below 0 or beyond 32 bits is not believed: it is left out, and malformed() tells.
  void set(RawField field, std::int64_t count);
  void clear() { *this = RawUsage{}; }

  // 0 when it was not said.
  [[nodiscard]] std::int64_t get(RawField field) const {
    return has(field) ? counts_[place(field)] : 0;
  }
  [[nodiscard]] bool has(RawField field) const { return (present_ & bit(field)) != 0; }
  [[nodiscard]] bool empty() const { return present_ == 0; }
  [[nodiscard]] bool malformed() const { return malformed_; }
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(std::popcount(present_));
  }
  // In the order of the fields.
  [[nodiscard]] Pair pair(std::size_t at) const;

 private:
  static constexpr std::uint64_t bit(RawField field) {
    return std::uint64_t{1} << static_cast<unsigned>(field);
  }
  // Where the count of a field stands, or would stand.
  [[nodiscard]] std::size_t place(RawField field) const {
    return static_cast<std::size_t>(std::popcount(present_ & (bit(field) - 1)));
  }

  std::uint64_t present_ = 0;                      // bit per field
  std::array<std::uint32_t, kPairsMax> counts_{};  // of those that are present
  bool malformed_ = false;
};

}  // namespace headrace::policy

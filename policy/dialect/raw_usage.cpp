#include "policy/dialect/raw_usage.h"

#include <limits>

namespace headrace::policy {
namespace {

constexpr std::array<std::string_view, kRawFieldCount> kNames = {
    "",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "prompt_audio_tokens",
    "prompt_image_tokens",
    "prompt_text_tokens",
    "reasoning_tokens",
    "completion_audio_tokens",
    "completion_image_tokens",
    "completion_text_tokens",
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "ephemeral_5m_input_tokens",
    "ephemeral_1h_input_tokens",
    "thinking_tokens",
    "web_search_requests",
    "web_fetch_requests",
    "promptTokenCount",
    "cachedContentTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "toolUsePromptTokenCount",
    "totalTokenCount",
    "promptTokensDetails.AUDIO",
    "promptTokensDetails.IMAGE",
    "cacheTokensDetails.AUDIO",
    "cacheTokensDetails.IMAGE",
    "candidatesTokensDetails.AUDIO",
    "candidatesTokensDetails.IMAGE",
};

}  // namespace

std::string_view to_text(RawField field) {
  return kNames[static_cast<std::size_t>(field)];
}

void RawUsage::set(RawField field, std::int64_t count) {
  if (count < 0 || count > std::numeric_limits<std::uint32_t>::max()) {
    malformed_ = true;
    return;
  }
  const auto value = static_cast<std::uint32_t>(count);
  for (std::size_t i = 0; i < size_; ++i) {
    if (fields_[i] != field) continue;
    counts_[i] = value;
    return;
  }
  // No dialect has more counts than fit; were it so, the rest would be left out.
  if (size_ == kPairsMax) {
    malformed_ = true;
    return;
  }
  fields_[size_] = field;
  counts_[size_] = value;
  ++size_;
  present_ |= std::uint64_t{1} << static_cast<unsigned>(field);
}

std::int64_t RawUsage::get(RawField field) const {
  for (std::size_t i = 0; i < size_; ++i) {
    if (fields_[i] == field) return counts_[i];
  }
  return 0;
}

}  // namespace headrace::policy

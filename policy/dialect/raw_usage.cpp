#include "policy/dialect/raw_usage.h"

#include <algorithm>
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
  const std::size_t at = place(field);
  if (!has(field)) {
    // No dialect has more counts than fit; were it so, the rest would be left out.
    if (size() == kPairsMax) {
      malformed_ = true;
      return;
    }
    std::copy_backward(counts_.begin() + static_cast<std::ptrdiff_t>(at),
                       counts_.begin() + static_cast<std::ptrdiff_t>(size()),
                       counts_.begin() + static_cast<std::ptrdiff_t>(size() + 1));
    present_ |= bit(field);
  }
  counts_[at] = static_cast<std::uint32_t>(count);
}

RawUsage::Pair RawUsage::pair(std::size_t at) const {
  std::uint64_t fields = present_;
  for (std::size_t i = 0; i < at; ++i)
    fields &= fields - 1;
  return {static_cast<RawField>(std::countr_zero(fields)), counts_[at]};
}

}  // namespace headrace::policy

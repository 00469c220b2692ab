#include "policy/estimate/model_history.h"

#include <algorithm>
#include <bit>

namespace headrace::policy {
namespace {

// Of a model that nothing is known of: twice the guess, and a page of output.
constexpr std::int64_t kRatioPresumed = 2 * 1024;
constexpr std::int64_t kOutputPresumed = 1024;
// The share of one answer in the mean, once there are some.
constexpr std::int64_t kMemory = 64;

// Buckets of which each octave has 2^bits; bucket 0 begins at 2^first.
struct Scale {
  unsigned bits;
  unsigned first;

  [[nodiscard]] std::size_t bucket(std::uint64_t value, std::size_t buckets) const {
    const auto octave = static_cast<unsigned>(std::bit_width(value | 1)) - 1;
    if (octave < first) return 0;
    const std::uint64_t part = octave >= bits ? value >> (octave - bits) : value << (bits - octave);
    const std::size_t place =
        (std::size_t{octave - first} << bits) + (part & ((std::uint64_t{1} << bits) - 1));
    return std::min(place, buckets - 1);
  }
  // The least value of a bucket.
  [[nodiscard]] std::int64_t begin(std::size_t bucket) const {
    const unsigned octave = first + static_cast<unsigned>(bucket >> bits);
    const std::uint64_t part =
        (std::uint64_t{1} << bits) + (bucket & ((std::size_t{1} << bits) - 1));
    return static_cast<std::int64_t>(octave >= bits ? part << (octave - bits)
                                                    : part >> (bits - octave));
  }
};
constexpr Scale kRatios{.bits = 4, .first = 7};  // from 128 1,024ths on
constexpr Scale kLengths{.bits = 2, .first = 0};

}  // namespace

void ModelHistory::learn_prompt(std::int64_t guessed, std::int64_t counted) {
  if (guessed <= 0 || counted <= 0) return;
  const std::int64_t ratio = std::clamp<std::int64_t>(
      std::min<std::int64_t>(counted, std::int64_t{1} << 40U) * kOne / guessed, kOne / 8, 8 * kOne);
  ratio_ += (ratio - ratio_) / std::min<std::int64_t>(ratios_.total() + 2, kMemory);
  ratios_.add(kRatios.bucket(static_cast<std::uint64_t>(ratio), kRatioBuckets));
}

void ModelHistory::learn_output(std::int64_t tokens) {
  if (tokens < 0) return;
  lengths_.add(kLengths.bucket(static_cast<std::uint64_t>(tokens), kLengthBuckets));
}

std::int64_t ModelHistory::prompt_tokens(const PromptEstimate& estimate) const {
  const std::int64_t text = std::max<std::int64_t>(estimate.text_tokens * ratio_ / kOne, 1);
  return std::min(text, estimate.text_tokens_max) + estimate.media_tokens;
}

std::int64_t ModelHistory::prompt_tokens_max(const PromptEstimate& estimate,
                                             std::uint32_t quantile) const {
  const std::size_t bucket = ratios_.quantile_bucket(kPresumed, quantile);
  // The end of the bucket behind it: what the next answer may bring.
  std::int64_t ratio =
      bucket == kRatioBuckets ? std::max(kRatioPresumed, ratio_ * 2) : kRatios.begin(bucket + 2);
  ratio = std::max(ratio, ratio_);
  const std::int64_t text =
      (estimate.text_tokens * ratio + kOne - 1) / kOne + estimate.text_tokens_odd;
  return std::min(text, estimate.text_tokens_max) + estimate.media_tokens_max;
}

std::int64_t ModelHistory::output_tokens_max(std::uint32_t quantile) const {
  const std::size_t bucket = lengths_.quantile_bucket(kPresumed, quantile);
  return bucket == kLengthBuckets ? kOutputPresumed : kLengths.begin(bucket + 1);
}

}  // namespace headrace::policy

// What the answers of one model have taught: how its provider counts beside our first guess, and
// how long its answers are.
//
// Ratios and lengths stand in histograms with 16 and 4 buckets an octave. Old answers fade: when a
// histogram is full it is halved. So that a few answers are not taken for all that there are, a
// handful of bad ones is presumed from the beginning.
//
// Threads:    one shard; plain data, no allocation. All arithmetic is in whole numbers.
// Invariants: bounds never fall below the estimate, and never exceed a token per byte.
#pragma once

#include <cstddef>
#include <cstdint>

#include "policy/estimate/fading_histogram.h"
#include "policy/estimate/prompt_estimate.h"

namespace headrace::policy {

// Hundredths of a percent.
inline constexpr std::uint32_t kHardQuantile = 9990;
inline constexpr std::uint32_t kSoftQuantile = 9500;

class ModelHistory {
 public:
  // A prompt without media, as guessed, and as the provider counted it.
  void learn_prompt(std::int64_t guessed, std::int64_t counted);
  // The output of one answer that was not cut by its cap.
  void learn_output(std::int64_t tokens);

  // The likeliest count.
  [[nodiscard]] std::int64_t prompt_tokens(const PromptEstimate& estimate) const;
  // What that share of prompts is not above.
  [[nodiscard]] std::int64_t prompt_tokens_max(const PromptEstimate& estimate,
                                               std::uint32_t quantile) const;
  [[nodiscard]] std::int64_t output_tokens_max(std::uint32_t quantile) const;

  [[nodiscard]] std::uint32_t prompts_learned() const { return ratios_.total(); }

 private:
  static constexpr std::size_t kRatioBuckets = 96;   // 1/8 to 8
  static constexpr std::size_t kLengthBuckets = 84;  // 1 to 2^21
  static constexpr std::uint32_t kPresumed = 4;
  static constexpr std::uint32_t kAnswersMax = 16'384;
  static constexpr std::int64_t kOne = 1024;

  std::int64_t ratio_ = kOne;  // counted to guessed, in 1,024ths
  FadingHistogram<kRatioBuckets> ratios_{kAnswersMax};
  FadingHistogram<kLengthBuckets> lengths_{kAnswersMax};
};

}  // namespace headrace::policy

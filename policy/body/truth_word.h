// The words, and the figure, that readers of forms and lenient readers of JSON take for a flag's
// truth.
//
// Threads: pure.
#pragma once

#include <algorithm>
#include <string_view>

#include "core/ascii.h"

namespace headrace::policy {

inline constexpr std::string_view kTruthWords[] = {"true", "t", "1", "on", "yes", "y"};
inline constexpr std::string_view kUntruthWords[] = {"false", "f", "0", "off", "no", "n"};

constexpr bool is_truth_word(std::string_view text) {
  return std::ranges::any_of(
      kTruthWords, [&](std::string_view word) { return core::equals_ignoring_case(text, word); });
}

constexpr bool is_untruth_word(std::string_view text) {
  return std::ranges::any_of(
      kUntruthWords, [&](std::string_view word) { return core::equals_ignoring_case(text, word); });
}

}  // namespace headrace::policy

// What a window's pool says to one who wants credit.
#pragma once

#include <cstdint>

#include "core/clock.h"

namespace headrace::core {

enum class PoolAnswer : std::uint8_t {
  granted,
  refused,
  beyond,     // more than there ever is at once
  forgotten,  // the entry is no longer this limit's: look it up again
  outdated,   // so long idle that it must be forgotten first
  corrupt,    // words out of bounds
};

struct PoolVerdict {
  PoolAnswer answer = PoolAnswer::refused;
  std::uint64_t taken_at = 0;  // granted: as in LimitReceipt
  Duration retry_after{};      // refused: then there is enough
};

// How a pool stands at a moment.
struct PoolStanding {
  PoolAnswer answer = PoolAnswer::granted;  // granted: the figures below are true
  std::int64_t spent = 0;                   // of the credit; beyond it: debt
  Duration full_after{};
};

// A loop of compare-and-swaps fails only because somebody else's went through. So often never.
inline constexpr int kTriesMax = 100'000;

}  // namespace headrace::core

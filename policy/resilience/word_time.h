// Time as the shared words hold it: milliseconds of the monotonic clock in 32 bits. They wrap every
// 49 days, so a moment is only understood together with how far ahead it can lie at most: what
// looks further away is long past (or was never a time), and counts as past.
//
// The clock is the system's own, so words of one process mean the same to another.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/clock.h"

namespace headrace::policy {

// No moment lies further ahead of the time at which it was written.
inline constexpr std::uint32_t kWordAheadMsMax = 24U * 60U * 60U * 1000U;
// Who reads a word may be behind who wrote it: each shard reads the clock once a turn.
inline constexpr std::uint32_t kWordLagMsMax = 10'000;

[[nodiscard]] constexpr std::uint32_t word_ms(core::Instant moment) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch()).count());
}

// How long until `moment`; 0: it has come.
[[nodiscard]] constexpr std::uint32_t ms_until(std::uint32_t moment, std::uint32_t now,
                                               std::uint32_t ahead_max = kWordAheadMsMax) {
  const std::uint32_t ahead = moment - now;
  return ahead <= ahead_max + kWordLagMsMax ? ahead : 0;
}

}  // namespace headrace::policy

// Time as the shard sees it: monotonic instants and durations that cannot be mixed up with each
// other or with wall-clock time. Read once a turn from the io seam (core/io.h), so that the
// simulator's virtual time reaches everything.
#pragma once

#include <chrono>
#include <cstdint>

namespace headrace::core {

using Duration = std::chrono::nanoseconds;

// A tag, not a clock one may ask: only the io seam tells the time.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, Duration>;
  static constexpr bool is_steady = true;
};

using Instant = MonotonicClock::time_point;

// Wall-clock time, for log lines, records and calendar windows only: never for timeouts.
struct WallTime {
  std::int64_t unix_nanos = 0;
  friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

inline constexpr Instant kNever = Instant::max();

}  // namespace headrace::core

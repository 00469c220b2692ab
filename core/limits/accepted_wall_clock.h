// The wall clock that calendar windows go by: the system's, except that it is not believed when it
// jumps.
//
// What is kept is the distance of the wall clock from the monotonic one: one word for the node. A
// reading that is off by at most a minute is accepted and corrects the distance. One that is
// further off is only proposed: time goes on by the monotonic clock from where it was, so that a
// new day begins when that much time has truly passed, until the system's clock comes back or an
// operator accepts what it says.
//
// Threads: any, of any process.
#pragma once

#include <optional>

#include "core/clock.h"
#include "core/limits/limit_words.h"

namespace headrace::core {

inline constexpr Duration kWallStepMax = std::chrono::minutes{1};

class AcceptedWallClock {
 public:
  explicit AcceptedWallClock(LimitHeader& header) : header_(&header) {}

  // What the system's clocks say now; the first reading is believed. To be told every few seconds.
  void observe(Instant monotonic, WallTime system);
  // `system` itself until the first reading was told.
  [[nodiscard]] WallTime at(Instant monotonic, WallTime system) const;

  // By how much the system's clock would have to be believed; nothing while it is.
  [[nodiscard]] std::optional<Duration> proposed_step() const;
  // An operator says that the system's clock is right.
  void accept(Instant monotonic, WallTime system);

 private:
  LimitHeader* header_;
};

}  // namespace headrace::core

// The wall clock that calendar windows go by: the system's, except that it is not believed when it
// jumps.
//
// What is kept is the distance of the wall clock from the monotonic one: one word for the node,
// sealed by a second one. A reading that is off by at most a minute is accepted and corrects the
// distance. One that is further off is only proposed: time goes on by the monotonic clock from
// where it was, so that a new day begins when that much time has truly passed, until the system's
// clock comes back or an operator accepts what it says.
//
// A distance without its seal is believed by nobody: it was overwritten, unless it is what the
// system says too; then somebody is just about to seal it, or died over it. Time is the system's
// until it is told anew, which observe() says.
//
// Threads: any, of any process.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "core/limits/limit_words.h"

namespace headrace::core {

inline constexpr Duration kWallStepMax = std::chrono::minutes{1};

class AcceptedWallClock {
 public:
  explicit AcceptedWallClock(LimitHeader& header) : header_(&header) {}

  // What the system's clocks say now; the first reading is believed. To be told every few seconds.
  // False: what was kept had been overwritten, and the system was believed in its stead.
  bool observe(Instant monotonic, WallTime system);
  // `system` itself until the first reading was told.
  [[nodiscard]] WallTime at(Instant monotonic, WallTime system) const;

  // By how much the system's clock would have to be believed; nothing while it is.
  [[nodiscard]] std::optional<Duration> proposed_step() const;
  // An operator says that the system's clock is right.
  void accept(Instant monotonic, WallTime system);

 private:
  [[nodiscard]] std::optional<std::int64_t> offset() const;

  LimitHeader* header_;
};

}  // namespace headrace::core

// One run of the simulator in which two providers have limits, and requests are sent to the second
// one while the first is silent: some answer late, some fail, some clients leave.
//
// What must hold: neither provider is asked more often, or for more at one time, than its limits
// allow, by its own count; what is turned away says so; at the end the limits hold exactly what was
// sent and charged, and nothing is held or left.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/tls_events.h"

namespace headrace::sim {

struct HedgeRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t requests = 0;
  std::uint64_t answered = 0;
  std::uint64_t turned_away = 0;  // neither provider had room
  std::uint64_t left = 0;         // by their clients
  std::uint64_t hedges = 0;
  std::uint64_t hedges_won = 0;
  std::uint64_t passed_over = 0;  // targets, for want of room
  std::uint64_t used_up = 0;      // providers that may never be asked again
  TlsCounts tls{};                // of the runs that speak it

  bool operator==(const HedgeRun&) const = default;
};

// The same seed gives the same run, always.
HedgeRun run_hedge_scenario(std::uint64_t seed);

}  // namespace headrace::sim

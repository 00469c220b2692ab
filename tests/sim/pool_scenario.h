// Some lives of one node in the simulator, whose tenants spend of totals, days and months: each
// life begins with new memory and another table of limits, and knows what was spent from the
// journal alone, which an orderly end or a power failure has left.
//
// What must hold: over all lives every tenant is served exactly as often as its limit says, once it
// has asked for more; a limit that was raised gives what it was raised by, and no more; tokens of
// the month are those that providers told of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/tls_events.h"

namespace headrace::sim {

struct PoolRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;
  std::uint64_t restored = 0;  // pools, from the journal
  std::uint64_t raised = 0;    // limits
  std::uint64_t power_failures = 0;
  TlsCounts tls{};  // of the runs that speak it

  bool operator==(const PoolRun&) const = default;
};

// The same seed gives the same run, always.
PoolRun run_pool_scenario(std::uint64_t seed);

}  // namespace headrace::sim

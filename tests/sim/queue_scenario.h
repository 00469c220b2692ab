// One run of the simulator in which a route has less room than its clients want: two tenants with
// weights of 3 and 1, all of whose clients ask again as soon as they are answered, over several
// shards; some leave while they wait, and the provider fails now and then.
//
// What must hold: the limit is never exceeded, by the provider's count; everybody who stays is
// answered by the provider, and nobody waits longer than the worst that his weight allows; as long
// as both tenants wait they are served 3 to 1; a drain amid all that ends nobody's wait; at the end
// nothing is left.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.h"
#include "tests/sim/tls_events.h"

namespace headrace::sim {

struct QueueRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t requests = 0;
  std::uint64_t heavy = 0;  // by the provider's count, while both tenants waited
  std::uint64_t light = 0;
  std::uint64_t left = 0;  // by their clients
  core::Duration longest{};
  TlsCounts tls{};  // of the runs that speak it

  bool operator==(const QueueRun&) const = default;
};

// The same seed gives the same run, always.
QueueRun run_queue_scenario(std::uint64_t seed);

}  // namespace headrace::sim

// One run of the simulator in which the gateway is told to end, or to take another config over,
// while its requests wait for everything that there is to wait for: for room at a limit, for what
// somebody else fetches, for the next try, and for either of two calls.
//
// What must hold: whoever had asked by then is answered, with the answer to its question or the
// provider's refusal, and nobody with another tenant's; providers are never asked for more at one
// time than the route has room for; the gateway ends soon after, and nothing is left.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/tls_events.h"

namespace headrace::sim {

struct DrainRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t requests = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;  // with the provider's refusal
  std::uint64_t left = 0;    // by their clients
  // When the gateway was told to end, or from then on:
  std::uint64_t queued = 0;
  std::uint64_t hedged = 0;
  std::uint64_t tried_again = 0;
  std::uint64_t given = 0;    // what another had fetched
  std::uint64_t at_once = 0;  // runs that had all four
  std::uint64_t reloads = 0;  // in the last moments before
  TlsCounts tls{};            // of the runs that speak it

  bool operator==(const DrainRun&) const = default;
};

// The same seed gives the same run, always.
DrainRun run_drain_scenario(std::uint64_t seed);

}  // namespace headrace::sim

// One run of the simulator in which answers are kept: a few questions, asked by two tenants at the
// same time, of providers that fail, refuse and break off, by clients that leave; now and then the
// gateway drains meanwhile.
//
// What must hold: nobody is given an answer to another question, nor one that was fetched for
// another tenant, nor one that is not whole and good and was fetched for somebody else; what comes
// again is the same bytes; everybody is answered; at the end nothing is left.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/tls_events.h"

namespace headrace::sim {

struct CacheRun {
  std::vector<std::string> violations;  // empty: everything held
  std::uint64_t requests = 0;
  std::uint64_t fetched = 0;  // by the provider's count
  std::uint64_t hits = 0;
  std::uint64_t waits = 0;  // hits that another request had fetched meanwhile
  std::uint64_t left = 0;   // by their clients
  std::uint64_t hedges = 0;
  TlsCounts tls{};  // of the runs that speak it

  bool operator==(const CacheRun&) const = default;
};

// The same seed gives the same run, always.
CacheRun run_cache_scenario(std::uint64_t seed);

}  // namespace headrace::sim

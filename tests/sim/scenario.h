// One run of the simulator: a gateway, its providers and its clients, all from one seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/coverage.h"

namespace headrace::sim {

struct RunResult {
  std::vector<std::string> violations;  // empty: everything held
  Coverage coverage;
};

// The same seed and number of requests give the same run, always.
RunResult run_scenario(std::uint64_t seed, std::uint32_t requests);
// All connections speak TLS, 1.2 or 1.3, and certificates are renewed under way.
RunResult run_tls_scenario(std::uint64_t seed, std::uint32_t requests);

}  // namespace headrace::sim

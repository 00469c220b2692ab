// One run of the simulator: a gateway, its providers and its clients, all from one seed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "net/proxy/exchange_state.h"
#include "policy/stages.h"
#include "tests/sim/faults.h"
#include "tests/sim/ledger.h"

namespace headrace::sim {

// What runs have covered between them.
struct Coverage {
  FaultCounts faults{};
  net::ExchangeMoves moves{};
  std::array<std::uint64_t, policy::kStageNames.size()> stage_waits{};
  std::array<std::uint64_t, kCalls> calls{};  // that were answered, well or with a refusal
  std::uint64_t runs = 0;
  std::uint64_t requests = 0;
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;
  std::uint64_t cut = 0;
  std::uint64_t lost = 0;
  std::uint64_t replays = 0;
  std::uint64_t retries = 0;
  std::uint64_t failovers = 0;
  std::uint64_t hedges = 0;
  std::uint64_t hedges_won = 0;
  std::uint64_t breakers_opened = 0;
  std::uint64_t breakers_closed = 0;

  void add(const Coverage& other);
  // Fault kinds that never struck, calls that were never answered, legal moves that were never made
  // and stages at which nobody waited, in words.
  [[nodiscard]] std::vector<std::string> missing() const;
};

struct RunResult {
  std::vector<std::string> violations;  // empty: everything held
  Coverage coverage;
};

// The same seed and number of requests give the same run, always.
RunResult run_scenario(std::uint64_t seed, std::uint32_t requests);

}  // namespace headrace::sim

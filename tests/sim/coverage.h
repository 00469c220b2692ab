// What runs have covered between them: what never occurs in a run proves nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "net/proxy/exchange_state.h"
#include "policy/stages.h"
#include "tests/sim/faults.h"
#include "tests/sim/ledger.h"
#include "tests/sim/tls_events.h"

namespace headrace::sim {

struct Coverage {
  FaultCounts faults{};
  net::ExchangeMoves moves{};
  std::array<std::uint64_t, policy::kStageNames.size()> stage_waits{};
  std::array<std::uint64_t, kCalls> calls{};  // that were answered, well or with a refusal
  TlsCounts tls{};
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
  std::uint64_t audited = 0;

  void add(const Coverage& other);
  // Fault kinds that never struck, calls that were never answered, legal moves that were never made
  // and stages at which nobody waited, in words.
  [[nodiscard]] std::vector<std::string> missing() const;
  // The same of TLS: its faults that never struck, what never happened between its two ends.
  [[nodiscard]] std::vector<std::string> missing_of_tls() const;
};

}  // namespace headrace::sim

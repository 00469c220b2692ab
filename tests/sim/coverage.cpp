#include "tests/sim/coverage.h"

#include <utility>

#include <fmt/format.h>

namespace headrace::sim {

void Coverage::add(const Coverage& other) {
  for (std::size_t i = 0; i < faults.size(); ++i)
    faults[i] += other.faults[i];
  for (std::size_t from = 0; from < moves.size(); ++from) {
    for (std::size_t to = 0; to < moves.size(); ++to)
      moves[from][to] += other.moves[from][to];
  }
  for (std::size_t i = 0; i < stage_waits.size(); ++i)
    stage_waits[i] += other.stage_waits[i];
  for (std::size_t i = 0; i < calls.size(); ++i)
    calls[i] += other.calls[i];
  sim::add(tls, other.tls);
  runs += other.runs;
  requests += other.requests;
  answered += other.answered;
  refused += other.refused;
  cut += other.cut;
  lost += other.lost;
  replays += other.replays;
  retries += other.retries;
  failovers += other.failovers;
  hedges += other.hedges;
  hedges_won += other.hedges_won;
  breakers_opened += other.breakers_opened;
  breakers_closed += other.breakers_closed;
  audited += other.audited;
}

std::vector<std::string> Coverage::missing() const {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < kFirstTlsFault; ++i) {
    if (faults[i] == 0) found.push_back(fmt::format("the fault {} never struck", kFaultNames[i]));
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i] == 0) found.push_back(fmt::format("no {} got its answer", kCallNames[i]));
  }
  const std::uint64_t hedges_lost = hedges - hedges_won;
  for (const auto& [what, count] :
       {std::pair{"retry", retries}, std::pair{"fail-over", failovers},
        std::pair{"hedge that wins", hedges_won}, std::pair{"hedge that does not", hedges_lost},
        std::pair{"breaker that opens", breakers_opened},
        std::pair{"breaker that closes", breakers_closed}, std::pair{"audited request", audited}}) {
    if (count == 0) found.push_back(fmt::format("there was no {}", what));
  }
  for (auto stage = policy::Stage::guard; stage <= policy::Stage::upstream;
       stage = static_cast<policy::Stage>(std::to_underlying(stage) + 1)) {
    if (stage_waits[std::to_underlying(stage)] == 0) {
      found.push_back(fmt::format("no exchange waited at the stage {}", policy::name(stage)));
    }
  }
  for (std::size_t from = 0; from < moves.size(); ++from) {
    for (std::size_t to = 0; to < moves.size(); ++to) {
      const auto state = static_cast<net::ExchangeState>(from);
      const auto next = static_cast<net::ExchangeState>(to);
      if (net::may_move(state, next) && moves[from][to] == 0) {
        found.push_back(fmt::format("no exchange moved from {} to {}",
                                    net::kExchangeStateNames[from], net::kExchangeStateNames[to]));
      }
    }
  }
  return found;
}

std::vector<std::string> Coverage::missing_of_tls() const {
  std::vector<std::string> found;
  for (std::size_t i = kFirstTlsFault; i < faults.size(); ++i) {
    if (faults[i] == 0) found.push_back(fmt::format("the fault {} never struck", kFaultNames[i]));
  }
  for (std::size_t i = 0; i < tls.size(); ++i) {
    if (tls[i] == 0) found.push_back(fmt::format("there was no {}", kTlsEventNames[i]));
  }
  return found;
}

}  // namespace headrace::sim

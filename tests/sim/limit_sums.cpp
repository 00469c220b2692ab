#include "tests/sim/limit_sums.h"

#include <string_view>

#include <fmt/format.h>

namespace headrace::sim {

LimitSums limit_sums(const core::LimitMemory& memory, core::WindowKind kind, std::uint8_t measure) {
  LimitSums sums;
  for (std::uint32_t incarnation = 0; incarnation < memory.incarnations; ++incarnation) {
    for (std::uint32_t shard = 0; shard < memory.shards; ++shard) {
      const core::LimitFlow& flow = memory.flows_of(incarnation, shard).of(kind, measure);
      sums.reserved += flow.reserved.load();
      sums.settled += flow.settled.load();
      sums.refunded += flow.refunded.load();
      sums.lapsed += flow.lapsed.load();
    }
  }
  return sums;
}

std::vector<std::string> sums_amiss(const core::LimitMemory& memory) {
  std::vector<std::string> found;
  const auto judge = [&](std::string_view what, const LimitSums& sums) {
    if (sums.reserved == sums.ended()) return;
    found.push_back(fmt::format("{}: {} reserved, but {} settled + {} refunded + {} lapsed", what,
                                sums.reserved, sums.settled, sums.refunded, sums.lapsed));
  };
  for (std::uint8_t measure = 0; measure < core::kLimitMeasuresMax; ++measure) {
    judge(fmt::format("limits of measure {}", measure),
          limit_sums(memory, core::WindowKind::sliding, measure));
  }
  judge("limits of concurrency", limit_sums(memory, core::WindowKind::concurrency, 0));
  return found;
}

}  // namespace headrace::sim

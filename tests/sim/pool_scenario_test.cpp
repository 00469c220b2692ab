// Pools over several lives of a node, in the simulated world, over many seeds. A failing one is
// printed.
#include "tests/sim/pool_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace headrace::sim {
namespace {

#if defined(HEADRACE_SANITIZED)
constexpr std::uint64_t kSeeds = 4;
#else
constexpr std::uint64_t kSeeds = 40;
#endif

TEST(SimulatorPools, GiveNothingAwayAndLoseNothingWhateverTheTable) {
  PoolRun all;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const PoolRun run = run_pool_scenario(seed);
    for (const std::string& violation : run.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation;
    if (!run.violations.empty()) return;
    all.answered += run.answered;
    all.refused += run.refused;
    all.restored += run.restored;
    all.raised += run.raised;
    all.power_failures += run.power_failures;
    add(all.tls, run.tls);
  }
  fmt::print("{} answered, {} refused; {} pools restored, {} limits raised, {} power failures\n",
             all.answered, all.refused, all.restored, all.raised, all.power_failures);
  EXPECT_GT(all.refused, 20 * kSeeds);
  EXPECT_GT(all.restored, 30 * kSeeds);
  EXPECT_GT(all.power_failures, kSeeds);
#if !defined(HEADRACE_SANITIZED)
  EXPECT_EQ(missing_of(kWholeHandshakes, all.tls), "");
#endif
}

}  // namespace
}  // namespace headrace::sim

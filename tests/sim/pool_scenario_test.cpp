// Pools over several lives of a node, in the simulated world, over many seeds. A failing one is
// printed.
#include "tests/sim/pool_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 4 : 40;

TEST(SimulatorPools, GiveNothingAwayAndLoseNothingWhateverTheTable) {
  PoolRun all;
  const bool held = play_seeds(run_pool_scenario, kSeeds, [&all](const PoolRun& run) {
    all.answered += run.answered;
    all.refused += run.refused;
    all.restored += run.restored;
    all.raised += run.raised;
    all.power_failures += run.power_failures;
    add(all.tls, run.tls);
  });
  if (!held) return;
  fmt::print("{} answered, {} refused; {} pools restored, {} limits raised, {} power failures\n",
             all.answered, all.refused, all.restored, all.raised, all.power_failures);
  EXPECT_GT(all.refused, 20 * kSeeds);
  EXPECT_GT(all.restored, 30 * kSeeds);
  EXPECT_GT(all.power_failures, kSeeds);
  expect_all_of(kWholeHandshakes, all.tls);
}

}  // namespace
}  // namespace headrace::sim

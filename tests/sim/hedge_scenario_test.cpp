// Hedges between providers that have limits, in the simulated world, over many seeds. A failing one
// is printed.
#include "tests/sim/hedge_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 24 : 150;

TEST(SimulatorHedges, NeitherProvidersLimitsAreExceededAndNothingIsLost) {
  HedgeRun all;
  const bool held = play_seeds(run_hedge_scenario, kSeeds, [&all](const HedgeRun& run) {
    all.requests += run.requests;
    all.answered += run.answered;
    all.turned_away += run.turned_away;
    all.left += run.left;
    all.hedges += run.hedges;
    all.hedges_won += run.hedges_won;
    all.passed_over += run.passed_over;
    all.used_up += run.used_up;
    add(all.tls, run.tls);
  });
  if (!held) return;
  fmt::print(
      "{} requests: {} answered, {} turned away, {} left; {} hedges, {} of them won; {} targets "
      "passed over, {} providers used up\n",
      all.requests, all.answered, all.turned_away, all.left, all.hedges, all.hedges_won,
      all.passed_over, all.used_up);
  EXPECT_GT(all.answered, all.requests / 4);
  EXPECT_GT(all.turned_away, all.requests / 50);
  EXPECT_GT(all.left, all.requests / 40);
  EXPECT_GT(all.hedges_won, 20U);
  EXPECT_GT(all.hedges - all.hedges_won, 20U);
  EXPECT_GT(all.passed_over, all.requests / 50);
  EXPECT_GT(all.used_up, 2U);
  expect_all_of(kWholeHandshakes, all.tls);
  expect_all_of(kResumptions, all.tls);
}

}  // namespace
}  // namespace headrace::sim

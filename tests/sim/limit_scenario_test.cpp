// What becomes of all credit that is reserved, over many seeds. A failing one is printed.
#include "tests/sim/limit_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace headrace::sim {
namespace {

#if defined(HEADRACE_SANITIZED)
constexpr std::uint64_t kSeeds = 20;
#else
constexpr std::uint64_t kSeeds = 200;
#endif

TEST(SimulatorLimits, WhatIsReservedIsSettledRefundedOrLapsesAlsoWhereProcessesDie) {
  LimitRun all;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const LimitRun run = run_limit_scenario(seed);
    for (const std::string& violation : run.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation;
    if (!run.violations.empty()) return;
    all.reserved += run.reserved;
    all.refused += run.refused;
    all.kills += run.kills;
    all.slices += run.slices;
    all.settled += run.settled;
    all.refunded += run.refunded;
    all.lapsed += run.lapsed;
    all.lapsed_with_the_dead += run.lapsed_with_the_dead;
  }
  fmt::print(
      "{} requests reserved, {} refused, {} processes killed, {} slices; {} settled, {} "
      "refunded, {} lapsed, {} of these with the dead\n",
      all.reserved, all.refused, all.kills, all.slices, all.settled, all.refunded, all.lapsed,
      all.lapsed_with_the_dead);
  EXPECT_GT(all.refused, 100 * kSeeds);
  EXPECT_GT(all.kills, 4 * kSeeds);
  EXPECT_GT(all.slices, 10 * kSeeds);
  EXPECT_GT(all.refunded, 100 * kSeeds);
  EXPECT_GT(all.lapsed_with_the_dead, 50 * kSeeds);
  EXPECT_GT(all.lapsed, all.lapsed_with_the_dead + 10 * kSeeds);
}

}  // namespace
}  // namespace headrace::sim

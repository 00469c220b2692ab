// What becomes of all credit that is reserved, over many seeds. A failing one is printed.
#include "tests/sim/limit_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 20 : 200;

TEST(SimulatorLimits, WhatIsReservedIsSettledRefundedOrLapsesAlsoWhereProcessesDie) {
  LimitRun all;
  const bool held = play_seeds(run_limit_scenario, kSeeds, [&all](const LimitRun& run) {
    all.reserved += run.reserved;
    all.refused += run.refused;
    all.kills += run.kills;
    all.slices += run.slices;
    all.settled += run.settled;
    all.refunded += run.refunded;
    all.lapsed += run.lapsed;
    all.lapsed_with_the_dead += run.lapsed_with_the_dead;
  });
  if (!held) return;
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

// Clients that leave while their request is on its way, over many seeds. A failing one is printed.
#include "tests/sim/leaving_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 4 : 40;

TEST(SimulatorLeaving, WhoLeavesPaysForWhatHisProviderHasWholeAndForNothingElse) {
  LeavingRun all;
  const bool held = play_seeds(run_leaving_scenario, kSeeds, [&all](const LeavingRun& run) {
    all.answered += run.answered;
    all.left += run.left;
    all.left_whole += run.left_whole;
    all.left_in_part += run.left_in_part;
    all.left_unheard += run.left_unheard;
    all.charged_in_part += run.charged_in_part;
  });
  if (!held) return;
  fmt::print(
      "{} answered, {} left: {} with their provider at work, {} within their request, {} "
      "before; {} sent whole and lost\n",
      all.answered, all.left, all.left_whole, all.left_in_part, all.left_unheard,
      all.charged_in_part);
  EXPECT_GT(all.left_whole, 20 * kSeeds);
  EXPECT_GT(all.left_in_part, kSeeds);
  EXPECT_GT(all.left_unheard, kSeeds);
  EXPECT_LT(all.charged_in_part, all.left_in_part);
}

}  // namespace
}  // namespace headrace::sim

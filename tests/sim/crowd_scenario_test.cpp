// A crowd whose handshakes wait for the attendant, in the simulated world, over some seeds. A
// failing one is printed.
#include "tests/sim/crowd_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 1 : 6;

TEST(SimulatorCrowd, EverybodyIsServedHoweverManyWaitForASignature) {
  CrowdRun all;
  const bool held = play_seeds(run_crowd_scenario, kSeeds, [&all](const CrowdRun& run) {
    EXPECT_GT(run.signer_full, 0U);
    all.answered += run.answered;
    all.left += run.left;
  });
  if (!held) return;
  fmt::print("{} answered, {} left within their handshakes\n", all.answered, all.left);
  EXPECT_GT(all.answered, 300 * kSeeds);
  EXPECT_GT(all.left, 10 * kSeeds);
}

}  // namespace
}  // namespace headrace::sim

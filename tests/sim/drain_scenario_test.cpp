// Ends amid everything that a request may wait for, in the simulated world, over many seeds. A
// failing one is printed.
#include "tests/sim/drain_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 24 : 120;
TEST(SimulatorDrains, WhoHasAskedIsAnsweredWhateverHeWaitsFor) {
  DrainRun all;
  const bool held = play_seeds(run_drain_scenario, kSeeds, [&all](const DrainRun& run) {
    all.requests += run.requests;
    all.answered += run.answered;
    all.failed += run.failed;
    all.left += run.left;
    all.queued += run.queued;
    all.hedged += run.hedged;
    all.tried_again += run.tried_again;
    all.given += run.given;
    all.at_once += run.at_once;
    all.reloads += run.reloads;
    add(all.tls, run.tls);
  });
  if (!held) return;
  fmt::print(
      "{} requests: {} answered, {} failed, {} left; at the end {} queued, {} hedged, {} tried "
      "again, {} given what others fetched; all four at once in {} runs; {} reloads\n",
      all.requests, all.answered, all.failed, all.left, all.queued, all.hedged, all.tried_again,
      all.given, all.at_once, all.reloads);
  EXPECT_GT(all.answered, all.requests / 2);
  EXPECT_GT(all.left, all.requests / 60);
  EXPECT_GT(all.queued, kSeeds);
  EXPECT_GT(all.hedged, kSeeds / 4);
  EXPECT_GT(all.tried_again, kSeeds / 4);
  EXPECT_GT(all.given, kSeeds / 8);
  EXPECT_GT(all.at_once, 0U);
  EXPECT_GT(all.reloads, kSeeds / 4);
  expect_all_of(kWholeHandshakes, all.tls);
  expect_all_of(kResumptions, all.tls);
}

}  // namespace
}  // namespace headrace::sim

// Ends amid everything that a request may wait for, in the simulated world, over many seeds. A
// failing one is printed.
#include "tests/sim/drain_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace headrace::sim {
namespace {

#if defined(HEADRACE_SANITIZED)
constexpr std::uint64_t kSeeds = 12;
#else
constexpr std::uint64_t kSeeds = 120;
#endif

TEST(SimulatorDrains, WhoHasAskedIsAnsweredWhateverHeWaitsFor) {
  DrainRun all;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const DrainRun run = run_drain_scenario(seed);
    for (const std::string& violation : run.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation;
    if (!run.violations.empty()) return;
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
  }
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
#if !defined(HEADRACE_SANITIZED)
  EXPECT_EQ(missing_of(kWholeHandshakes, all.tls), "");
  EXPECT_EQ(missing_of(kResumptions, all.tls), "");
#endif
}

}  // namespace
}  // namespace headrace::sim

// Requests that wait for room, in the simulated world, over many seeds. A failing one is printed.
#include "tests/sim/queue_scenario.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace headrace::sim {
namespace {

#if defined(HEADRACE_SANITIZED)
constexpr std::uint64_t kSeeds = 8;
#else
constexpr std::uint64_t kSeeds = 60;
#endif

TEST(SimulatorQueue, NobodyStarvesAndTenantsAreServedByTheirWeights) {
  QueueRun all;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const QueueRun run = run_queue_scenario(seed);
    for (const std::string& violation : run.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation;
    if (!run.violations.empty()) break;
    all.requests += run.requests;
    all.heavy += run.heavy;
    all.light += run.light;
    all.left += run.left;
    all.longest = std::max(all.longest, run.longest);
    add(all.tls, run.tls);
  }
  fmt::print("{} requests, {} to {} while both waited, {} left, the longest took {} ms\n",
             all.requests, all.heavy, all.light, all.left,
             all.longest / std::chrono::milliseconds(1));
  EXPECT_NEAR(static_cast<double>(all.heavy) / static_cast<double>(all.light), 3.0, 0.15);
  EXPECT_GT(all.left, all.requests / 40);
#if !defined(HEADRACE_SANITIZED)
  EXPECT_EQ(missing_of(kWholeHandshakes, all.tls), "");
  EXPECT_EQ(missing_of(kResumptions, all.tls), "");
#endif
}

}  // namespace
}  // namespace headrace::sim

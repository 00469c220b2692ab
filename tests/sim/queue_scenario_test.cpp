// Requests that wait for room, in the simulated world, over many seeds. A failing one is printed.
#include "tests/sim/queue_scenario.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 8 : 60;

TEST(SimulatorQueue, NobodyStarvesAndTenantsAreServedByTheirWeights) {
  QueueRun all;
  const bool held = play_seeds(run_queue_scenario, kSeeds, [&all](const QueueRun& run) {
    all.requests += run.requests;
    all.heavy += run.heavy;
    all.light += run.light;
    all.left += run.left;
    all.longest = std::max(all.longest, run.longest);
    add(all.tls, run.tls);
  });
  if (!held) return;
  fmt::print("{} requests, {} to {} while both waited, {} left, the longest took {} ms\n",
             all.requests, all.heavy, all.light, all.left,
             all.longest / std::chrono::milliseconds(1));
  EXPECT_NEAR(static_cast<double>(all.heavy) / static_cast<double>(all.light), 3.0, 0.15);
  EXPECT_GT(all.left, all.requests / 40);
  expect_all_of(kWholeHandshakes, all.tls);
  expect_all_of(kResumptions, all.tls);
}

}  // namespace
}  // namespace headrace::sim

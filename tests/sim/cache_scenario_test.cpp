// Answers that are kept, in the simulated world, over many seeds. A failing one is printed.
#include "tests/sim/cache_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 6 : 60;

TEST(SimulatorCache, NobodyIsGivenWhatIsNotHisAndNothingIsLeft) {
  CacheRun all;
  const bool held = play_seeds(run_cache_scenario, kSeeds, [&all](const CacheRun& run) {
    all.requests += run.requests;
    all.fetched += run.fetched;
    all.hits += run.hits;
    all.waits += run.waits;
    all.left += run.left;
    all.hedges += run.hedges;
    add(all.tls, run.tls);
  });
  if (!held) return;
  fmt::print("{} requests, {} fetched, {} hits, {} of them waited, {} left, {} hedges\n",
             all.requests, all.fetched, all.hits, all.waits, all.left, all.hedges);
  EXPECT_GT(all.hits, all.requests / 4);
  EXPECT_GT(all.waits, all.requests / 50);
  EXPECT_GT(all.left, all.requests / 40);
  EXPECT_LT(all.fetched, all.requests);
  EXPECT_GT(all.hedges, all.fetched / 100);
  expect_all_of(kWholeHandshakes, all.tls);
  expect_all_of(kResumptions, all.tls);
}

}  // namespace
}  // namespace headrace::sim

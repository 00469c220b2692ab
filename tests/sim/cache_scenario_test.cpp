// Answers that are kept, in the simulated world, over many seeds. A failing one is printed.
#include "tests/sim/cache_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace headrace::sim {
namespace {

#if defined(HEADRACE_SANITIZED)
constexpr std::uint64_t kSeeds = 6;
#else
constexpr std::uint64_t kSeeds = 60;
#endif

TEST(SimulatorCache, NobodyIsGivenWhatIsNotHisAndNothingIsLeft) {
  CacheRun all;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const CacheRun run = run_cache_scenario(seed);
    for (const std::string& violation : run.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation;
    if (!run.violations.empty()) break;
    all.requests += run.requests;
    all.fetched += run.fetched;
    all.hits += run.hits;
    all.waits += run.waits;
    all.left += run.left;
    all.hedges += run.hedges;
    add(all.tls, run.tls);
  }
  fmt::print("{} requests, {} fetched, {} hits, {} of them waited, {} left, {} hedges\n",
             all.requests, all.fetched, all.hits, all.waits, all.left, all.hedges);
  EXPECT_GT(all.hits, all.requests / 4);
  EXPECT_GT(all.waits, all.requests / 50);
  EXPECT_GT(all.left, all.requests / 40);
  EXPECT_LT(all.fetched, all.requests);
  EXPECT_GT(all.hedges, all.fetched / 100);
#if !defined(HEADRACE_SANITIZED)
  EXPECT_EQ(missing_of(kWholeHandshakes, all.tls), "");
  EXPECT_EQ(missing_of(kResumptions, all.tls), "");
#endif
}

}  // namespace
}  // namespace headrace::sim

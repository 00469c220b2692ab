// A crowd whose handshakes wait for the attendant, in the simulated world, over some seeds. A
// failing one is printed.
#include "tests/sim/crowd_scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace headrace::sim {
namespace {

#if defined(HEADRACE_SANITIZED)
constexpr std::uint64_t kSeeds = 1;
#else
constexpr std::uint64_t kSeeds = 6;
#endif

TEST(SimulatorCrowd, EverybodyIsServedHoweverManyWaitForASignature) {
  CrowdRun all;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const CrowdRun run = run_crowd_scenario(seed);
    for (const std::string& violation : run.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation;
    if (!run.violations.empty()) return;
    EXPECT_GT(run.signer_full, 0U) << "seed " << seed;
    all.answered += run.answered;
    all.left += run.left;
    add(all.tls, run.tls);
  }
  fmt::print("{} answered, {} left within their handshakes\n", all.answered, all.left);
  EXPECT_GT(all.answered, 300 * kSeeds);
  EXPECT_GT(all.left, 10 * kSeeds);
}

}  // namespace
}  // namespace headrace::sim

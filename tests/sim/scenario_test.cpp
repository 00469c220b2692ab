// Whole shards in the simulated world, over many seeds.
//
// A failing seed is printed and replays exactly:
//   HEADRACE_SIM_SEED=N build/dev/bin/test_sim --gtest_filter=SimulatorSeed.ReplaysASeed
// HEADRACE_LONG=1 runs ten times as many.
#include "tests/sim/scenario.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/replay.h"

namespace headrace::sim {
namespace {

constexpr std::uint32_t kRequests = 1'000;
#if defined(HEADRACE_SANITIZED)
constexpr std::uint64_t kSeedsPerCase = 3;
#else
constexpr std::uint64_t kSeedsPerCase = 32;
#endif

RunResult play(std::uint64_t seed) {
  return play(run_scenario, "SimulatorSeed.ReplaysASeed", seed, kRequests);
}

class Simulator : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulator, HoldsWhatIsPromised) {
  const Coverage coverage =
      play_case([](std::uint64_t seed) { return play(seed); }, GetParam(), kSeedsPerCase);
  if (HasFailure()) return;
  EXPECT_GT(coverage.answered, coverage.requests / 2);
}

#if !defined(HEADRACE_SANITIZED)
// A fault that never strikes, or a move that is never made, proves nothing.
TEST(SimulatorCoverage, EveryFaultStrikesAndEveryMoveIsMade) {
  constexpr std::uint64_t kSeedsMax = 160;
  constexpr std::uint64_t kFirstSeed = 77'000'000;
  expect_everything([](std::uint64_t seed) { return play(seed); }, kFirstSeed, kSeedsMax,
                    [](const Coverage& coverage) { return coverage.missing(); });
}
#endif

INSTANTIATE_TEST_SUITE_P(Seeds, Simulator, testing::Range<std::uint64_t>(0, 10));

TEST(SimulatorSeed, ReplaysASeed) {
  const std::uint64_t seed = seed_from_environment().value_or(1);
  play(seed);
}

TEST(SimulatorSeed, GivesTheSameRunAgain) {
  constexpr std::uint64_t kSeed = 12'345;
  const RunResult first = run_scenario(kSeed, kRequests);
  const RunResult second = run_scenario(kSeed, kRequests);
  EXPECT_EQ(first.coverage.moves, second.coverage.moves);
  EXPECT_EQ(first.coverage.faults, second.coverage.faults);
  EXPECT_EQ(first.coverage.answered, second.coverage.answered);
}

}  // namespace
}  // namespace headrace::sim

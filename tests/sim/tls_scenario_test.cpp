// Whole shards in the simulated world whose clients and providers speak TLS, over many seeds.
//
//   HEADRACE_SIM_SEED=N build/dev/bin/test_sim --gtest_filter=SimulatorTls.ReplaysASeed
// HEADRACE_LONG=1 runs ten times as many.
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/replay.h"
#include "tests/sim/scenario.h"

namespace headrace::sim {
namespace {

// Handshakes take the machine's time, if not the world's.
constexpr std::uint32_t kRequests = 300;
#if defined(HEADRACE_SANITIZED)
constexpr std::uint64_t kSeedsPerCase = 3;
#else
constexpr std::uint64_t kSeedsPerCase = 12;
#endif

RunResult play(std::uint64_t seed) {
  return play(run_tls_scenario, "SimulatorTls.ReplaysASeed", seed, kRequests);
}

class SimulatorWithTls : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulatorWithTls, HoldsWhatIsPromised) {
  const Coverage coverage =
      play_case([](std::uint64_t seed) { return play(seed); }, GetParam(), kSeedsPerCase);
  if (HasFailure()) return;
  EXPECT_GT(coverage.answered, coverage.requests / 3);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulatorWithTls, testing::Range<std::uint64_t>(0, 6));

#if !defined(HEADRACE_SANITIZED)
TEST(SimulatorTls, EveryFaultStrikesAndEverythingOfTlsHappens) {
  constexpr std::uint64_t kSeedsMax = 80;
  constexpr std::uint64_t kFirstSeed = 88'000'000;
  expect_everything([](std::uint64_t seed) { return play(seed); }, kFirstSeed, kSeedsMax,
                    [](const Coverage& coverage) { return coverage.missing_of_tls(); });
}
#endif

// What it says is the same in every process, whatever keys that has made.
TEST(SimulatorTls, ReplaysASeed) {
  const Coverage coverage = play(seed_from_environment().value_or(1)).coverage;
  fmt::print("{} answered, {} refused, {} cut, {} lost; {} faults, {} events of TLS\n",
             coverage.answered, coverage.refused, coverage.cut, coverage.lost,
             std::accumulate(coverage.faults.begin(), coverage.faults.end(), std::uint64_t{0}),
             std::accumulate(coverage.tls.begin(), coverage.tls.end(), std::uint64_t{0}));
}

// Whatever keys and nonces are made.
TEST(SimulatorTls, GivesTheSameRunAgain) {
  for (const std::uint64_t seed : {11U, 12U, 13U, 14U, 15U, 16U}) {
    const RunResult first = play(seed);
    const RunResult second = play(seed);
    EXPECT_EQ(first.coverage.moves, second.coverage.moves) << seed;
    EXPECT_EQ(first.coverage.faults, second.coverage.faults) << seed;
    EXPECT_EQ(first.coverage.tls, second.coverage.tls) << seed;
    EXPECT_EQ(first.coverage.answered, second.coverage.answered) << seed;
  }
}

}  // namespace
}  // namespace headrace::sim

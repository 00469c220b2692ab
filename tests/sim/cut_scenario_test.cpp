// Streams that go on beyond their caps, or break off, in the simulated world, over many seeds. A
// failing one is printed.
#include "tests/sim/cut_scenario.h"

#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"

namespace headrace::sim {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 10 : 30;

TEST(SimulatorCuts, EveryFormOfStreamEndsWellAtItsCapAndIsMeteredUpToThere) {
  CutRun all;
  const bool held = play_seeds(run_cut_scenario, kSeeds, [&all](const CutRun& run) {
    all.requests += run.requests;
    for (std::size_t wire = 0; wire < kStreamWires; ++wire) {
      all.answered[wire] += run.answered[wire];
      all.cut[wire] += run.cut[wire];
      all.broken[wire] += run.broken[wire];
    }
    all.choices_cut += run.choices_cut;
    all.choices_kept += run.choices_kept;
    all.cut_at_end += run.cut_at_end;
    all.cut_by_word += run.cut_by_word;
    all.cut_at_large += run.cut_at_large;
    all.left += run.left;
    add(all.tls, run.tls);
  });
  if (!held) return;
  const auto sum = [](const auto& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  fmt::print(
      "{} requests: {} answered, {} cut, {} broken off, {} left; of several choices {} were cut, "
      "{} had ended; {} cut when all had ended, {} by the provider's word, {} behind a large "
      "event\n",
      all.requests, sum(all.answered), sum(all.cut), sum(all.broken), all.left, all.choices_cut,
      all.choices_kept, all.cut_at_end, all.cut_by_word, all.cut_at_large);
  for (std::size_t wire = 0; wire < kStreamWires; ++wire) {
    EXPECT_GT(all.answered[wire], all.requests / 40) << kStreamWireNames[wire];
    EXPECT_GT(all.cut[wire], all.requests / 40) << kStreamWireNames[wire];
    EXPECT_GT(all.broken[wire], all.requests / 150) << kStreamWireNames[wire];
  }
  EXPECT_GT(all.choices_cut, all.requests / 10);
  EXPECT_GT(all.choices_kept, all.requests / 10);
  EXPECT_GT(all.cut_at_end, 5U);
  EXPECT_GT(all.cut_by_word, all.requests / 80);
  EXPECT_GT(all.cut_at_large, 5U);
  EXPECT_GT(all.left, all.requests / 40);
  expect_all_of(kWholeHandshakes, all.tls);
  expect_all_of(kResumptions, all.tls);
}

}  // namespace
}  // namespace headrace::sim

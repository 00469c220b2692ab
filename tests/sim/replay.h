// Runs of the scenarios whose requests and skies vary, many seeds at a time; how one is seen again
// is said with every violation, and with a process's last words.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/many_seeds.h"
#include "tests/sim/scenario.h"

namespace headrace::sim {

using PlayScenario = RunResult (*)(std::uint64_t seed, std::uint32_t requests);

// Its violations are failures of the test at hand. `test`: the one that replays a seed.
inline RunResult play(PlayScenario scenario, std::string_view test, std::uint64_t seed,
                      std::uint32_t requests) {
  return play_watched([&](std::uint64_t one) { return scenario(one, requests); }, test, seed);
}

// Many seeds of one case, some of them new; up to the first that fails.
template <class Play>
Coverage play_case(const Play& play, std::uint64_t number, std::uint64_t seeds) {
  constexpr std::uint64_t kFreshShare = 4;  // one in so many is a new one
  std::random_device device;
  Coverage coverage;
  std::string fresh;
  for (std::uint64_t i = 0; i < seeds * seeds_factor() && !testing::Test::HasFailure(); ++i) {
    std::uint64_t seed = number * 1'000'000 + i;
    if (i % kFreshShare == kFreshShare - 1) {
      seed = device();
      fresh += fmt::format(" {}", seed);
    }
    coverage.add(play(seed).coverage);
  }
  fmt::print("{} runs, {} requests: {} answered, {} refused, {} cut, {} lost; {} replays\n",
             coverage.runs, coverage.requests, coverage.answered, coverage.refused, coverage.cut,
             coverage.lost, coverage.replays);
  fmt::print("fresh seeds:{}\n", fresh);
  return coverage;
}

// Fixed seeds only, so that the verdict is the same every time: what never happens is a failure.
template <class Play, class Missing>
void expect_everything(const Play& play, std::uint64_t first_seed, std::uint64_t seeds_max,
                       const Missing& missing_of) {
  Coverage coverage;
  std::vector<std::string> missing;
  for (std::uint64_t i = 0; i < seeds_max; ++i) {
    coverage.add(play(first_seed + i).coverage);
    if (testing::Test::HasFailure()) return;
    std::vector<std::string> still = missing_of(coverage);
    if (still.empty()) {
      fmt::print("everything in {} runs; until the last one: {}\n", coverage.runs,
                 fmt::join(missing, ", "));
      return;
    }
    missing = std::move(still);
  }
  for (const std::string& each : missing)
    ADD_FAILURE() << each;
}

}  // namespace headrace::sim

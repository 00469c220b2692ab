// A scenario over many seeds, as each test of one plays it.
//
// Threads: one.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/last_words.h"
#include "tests/sim/tls_events.h"

namespace headrace::sim {

// With sanitizers there is time for few seeds.
#if defined(HEADRACE_SANITIZED)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// What many seeds are multiplied by: tools/test --long plays ten times as many.
inline std::uint64_t seeds_factor() {
  return std::getenv("HEADRACE_LONG") != nullptr ? 10 : 1;
}

// The one seed that is to be seen again.
inline std::optional<std::uint64_t> seed_from_environment() {
  const char* text = std::getenv("HEADRACE_SIM_SEED");
  if (text == nullptr) return std::nullopt;
  std::uint64_t seed = 0;
  std::from_chars(text, text + std::char_traits<char>::length(text), seed);
  return seed;
}

inline std::string replay_line(std::string_view test, std::uint64_t seed) {
  return fmt::format("HEADRACE_SIM_SEED={} build/dev/bin/test_sim --gtest_filter={}\n", seed, test);
}

// Plays a seed; its violations are failures of the test at hand. `test`: the one that replays it.
template <class Scenario>
auto play_watched(const Scenario& scenario, std::string_view test, std::uint64_t seed) {
  const std::string again = replay_line(test, seed);
  const LastWords last_words("simulator: to see it again: " + again);
  auto run = scenario(seed);
  for (const std::string& violation : run.violations)
    ADD_FAILURE() << "seed " << seed << ": " << violation << "\n" << again;
  return run;
}

// The same where the test at hand replays it.
template <class Run>
Run play_seed(Run (*scenario)(std::uint64_t seed), std::uint64_t seed) {
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  return play_watched(scenario, fmt::format("{}.{}", test.test_suite_name(), test.name()), seed);
}

// Seeds from 1 on, and in a long run new ones after them; up to the first whose violations are
// failures of the test at hand. `count`: takes each run in which everything held. The first is
// played twice: it is a failure, too, where that gives another run. False: there is nothing to
// judge of what was counted, because one has failed, or because only one seed was to be seen again.
template <class Run, class Count>
bool play_seeds(Run (*scenario)(std::uint64_t seed), std::uint64_t seeds, const Count& count,
                std::uint64_t factor = seeds_factor()) {
  if (const auto again = seed_from_environment(); again) {
    play_seed(scenario, *again);
    return false;
  }
  std::random_device device;
  for (std::uint64_t number = 1; number <= seeds * factor; ++number) {
    const std::uint64_t seed = number <= seeds ? number : device();
    const Run run = play_seed(scenario, seed);
    if (!run.violations.empty()) return false;
    if (number == 1 && !kSanitized) {
      EXPECT_TRUE(scenario(seed) == run) << "the same seed gave another run";
    }
    count(run);
  }
  return true;
}

// Few seeds do not have all of it.
inline void expect_all_of(std::span<const TlsEvent> events, const TlsCounts& counts) {
  if (!kSanitized) {
    EXPECT_EQ(missing_of(events, counts), "");
  }
}

}  // namespace headrace::sim

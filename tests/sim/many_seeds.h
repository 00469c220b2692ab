// A scenario over many seeds, as each test of one plays it.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/sim/tls_events.h"

namespace headrace::sim {

// With sanitizers there is time for few seeds.
#if defined(HEADRACE_SANITIZED)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Seeds from 1 on, up to the first whose violations are failures of the test at hand; false: one
// has failed so. `count`: takes each run in which everything held. The first is played twice: it
// is a failure, too, where that gives another run.
template <class Run, class Count>
bool play_seeds(Run (*scenario)(std::uint64_t seed), std::uint64_t seeds, const Count& count) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const Run run = scenario(seed);
    for (const std::string& violation : run.violations)
      ADD_FAILURE() << violation;
    if (!run.violations.empty()) return false;
    if (seed == 1 && !kSanitized) {
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

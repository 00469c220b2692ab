// How a seed is seen again: said with every violation, and with a process's last words where a
// fatal check ends it.
//
// Threads: one.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/sim/scenario.h"

namespace headrace::sim {

inline std::string replay_line(std::string_view test, std::uint64_t seed) {
  return fmt::format("HEADRACE_SIM_SEED={} build/dev/bin/test_sim --gtest_filter={}\n", seed, test);
}

inline std::optional<std::uint64_t> seed_from_environment() {
  const char* text = std::getenv("HEADRACE_SIM_SEED");
  if (text == nullptr) return std::nullopt;
  std::uint64_t seed = 0;
  std::from_chars(text, text + std::char_traits<char>::length(text), seed);
  return seed;
}

inline std::array<char, 160> epitaph{};
inline std::size_t epitaph_bytes = 0;

inline void name_seed(int signal) {
  (void)!::write(STDERR_FILENO, epitaph.data(), epitaph_bytes);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

using PlayScenario = RunResult (*)(std::uint64_t seed, std::uint32_t requests);

// Its violations are failures of the test at hand. `test`: the one that replays a seed.
inline RunResult play(PlayScenario scenario, std::string_view test, std::uint64_t seed,
                      std::uint32_t requests) {
  const std::string line = "simulator: to see it again: " + replay_line(test, seed);
  epitaph_bytes = std::min(line.size(), epitaph.size());
  std::copy_n(line.begin(), epitaph_bytes, epitaph.begin());
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS})
    std::signal(signal, name_seed);
  RunResult result = scenario(seed, requests);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS})
    std::signal(signal, SIG_DFL);
  for (const std::string& violation : result.violations)
    ADD_FAILURE() << "seed " << seed << ": " << violation << "\n" << replay_line(test, seed);
  return result;
}

}  // namespace headrace::sim

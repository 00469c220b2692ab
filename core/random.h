// A small fast seeded random generator (xoshiro256++ by Blackman and Vigna, seeded by SplitMix64):
// for jitter, sampling, tests and load. Never for keys or tokens.
#pragma once

#include <array>
#include <cstdint>

#include "core/clock.h"

namespace headrace::core {

class Random {
 public:
  // Every seed is a good one, 0 too; the same seed gives the same numbers everywhere.
  explicit Random(std::uint64_t seed);

  std::uint64_t next();
  // Evenly from [0, bound), without bias; bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Evenly from [0, 1).
  double fraction();
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  // Evenly from [low, high]; low <= high.
  Duration between(Duration low, Duration high);

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace headrace::core

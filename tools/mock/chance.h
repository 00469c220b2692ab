// Seeded chance: the same seed and the same sequence of draws give the same behaviour.
//
// Two uses are kept apart. What an answer says (its words, its model's ratio of bytes to tokens)
// is a hash of seed and request, so that the same request always gets the same answer. What
// befalls a request (its latency, whether it fails) is drawn from a sequence (core/random.h) per
// shard.
#pragma once

#include <cstdint>

namespace headrace::tools::mock {

// Well mixed 64 bits (the finaliser of splitmix64).
constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

// [0, 1).
constexpr double unit_interval(std::uint64_t random) {
  return static_cast<double>(random >> 11U) * 0x1p-53;
}

}  // namespace headrace::tools::mock

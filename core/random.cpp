#include "core/random.h"

#include <bit>

#include "core/check.h"

namespace headrace::core {

namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

}  // namespace

Random::Random(std::uint64_t seed) : state_() {
  for (std::uint64_t& word : state_)
    word = split_mix(seed);
}

std::uint64_t Random::next() {
  auto& [a, b, c, d] = state_;
  const std::uint64_t result = std::rotl(a + d, 23) + a;
  const std::uint64_t shifted = b << 17U;
  c ^= a;
  d ^= b;
  b ^= c;
  a ^= d;
  c ^= shifted;
  d = std::rotl(d, 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  HEADRACE_CHECK(bound > 0);
  // The numbers below 2^64 mod bound would make the low results likelier: drawn again.
  const std::uint64_t reject_below = (0 - bound) % bound;
  std::uint64_t value = next();
  while (value < reject_below)
    value = next();
  return value % bound;
}

double Random::fraction() {
  constexpr double kStep = 0x1.0p-53;
  return static_cast<double>(next() >> 11U) * kStep;
}

Duration Random::between(Duration low, Duration high) {
  HEADRACE_CHECK(low <= high);
  const auto steps = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + Duration{static_cast<Duration::rep>(below(steps))};
}

}  // namespace headrace::core

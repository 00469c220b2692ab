#include "core/random.h"

#include <array>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

TEST(Random, TheSameSeedGivesTheSameNumbers) {
  Random one(42);
  Random two(42);
  Random other(43);
  int equal = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = one.next();
    EXPECT_EQ(value, two.next());
    if (value == other.next()) ++equal;
  }
  EXPECT_EQ(equal, 0);
}

TEST(Random, SeedZeroIsAsGoodAsAny) {
  Random random(0);
  std::uint64_t ones = 0;
  for (int i = 0; i < 1000; ++i)
    ones |= random.next();
  EXPECT_EQ(ones, UINT64_MAX);
}

TEST(Random, BelowIsEven) {
  Random random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i)
    ++counts[random.below(7)];
  for (const int count : counts)
    EXPECT_NEAR(count, 10'000, 500);
}

TEST(Random, BelowHasNoBiasForHugeBounds) {
  // Two thirds of 2^64: with a plain modulo the lower half would come up twice as often.
  constexpr std::uint64_t kBound = UINT64_MAX / 3 * 2;
  Random random(2);
  int lower = 0;
  for (int i = 0; i < 10'000; ++i)
    lower += random.below(kBound) < kBound / 2 ? 1 : 0;
  EXPECT_NEAR(lower, 5'000, 250);
}

TEST(Random, BoundsAreKept) {
  Random random(3);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(random.below(1), 0U);
    const double fraction = random.fraction();
    EXPECT_GE(fraction, 0.0);
    EXPECT_LT(fraction, 1.0);
    const Duration between = random.between(3ns, 5ns);
    EXPECT_GE(between, 3ns);
    EXPECT_LE(between, 5ns);
    low = low || between == 3ns;
    high = high || between == 5ns;
  }
  EXPECT_TRUE(low);
  EXPECT_TRUE(high);
  EXPECT_EQ(random.between(7ns, 7ns), 7ns);
}

TEST(RandomDeathTest, ABoundOfZeroIsAMistake) {
  Random random(4);
  EXPECT_DEATH(random.below(0), "bound > 0");
}

}  // namespace
}  // namespace headrace::core

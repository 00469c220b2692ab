#include "core/limits/accepted_wall_clock.h"

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant mono(Duration since) {
  return Instant{1000s + since};
}
constexpr WallTime wall(Duration since) {
  return {.unix_nanos = 1'800'000'000'000'000'000 + since.count()};
}

class WallClock : public testing::Test {
 protected:
  LimitHeader header{};
  AcceptedWallClock clock{header};
};

TEST_F(WallClock, BelievesTheFirstReadingAndSmallSteps) {
  EXPECT_EQ(clock.at(mono(0s), wall(5s)), wall(5s)) << "as the system says, until told";
  clock.observe(mono(0s), wall(0s));
  EXPECT_EQ(clock.at(mono(10s), wall(99s)), wall(10s));
  for (const Duration step : {Duration{1s}, Duration{-59s}, Duration{60s}}) {
    clock.observe(mono(0s), wall(0s));
    clock.observe(mono(10s), wall(10s + step));
    EXPECT_EQ(clock.at(mono(20s), wall(0s)), wall(20s + step));
    EXPECT_FALSE(clock.proposed_step());
    clock.accept(mono(0s), wall(0s));
  }
}

TEST_F(WallClock, GoesOnByTheMonotonicClockWhenTheSystemsJumps) {
  for (const Duration step : {Duration{61s}, Duration{-1h}, Duration{24h * 3650}}) {
    clock.accept(mono(0s), wall(0s));
    clock.observe(mono(10s), wall(10s + step));
    EXPECT_EQ(clock.at(mono(3h), wall(3h + step)), wall(3h));
    ASSERT_TRUE(clock.proposed_step());
    EXPECT_EQ(*clock.proposed_step(), step);
    clock.observe(mono(20s), wall(20s));
    EXPECT_FALSE(clock.proposed_step()) << "it came back";
  }
}

TEST_F(WallClock, AnOperatorAcceptsAStep) {
  clock.observe(mono(0s), wall(0s));
  clock.observe(mono(10s), wall(2h));
  clock.accept(mono(11s), wall(2h + 1s));
  EXPECT_FALSE(clock.proposed_step());
  EXPECT_EQ(clock.at(mono(12s), wall(0s)), wall(2h + 2s));
}

}  // namespace
}  // namespace headrace::core

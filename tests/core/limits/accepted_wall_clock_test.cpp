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

// Nobody believes it, whatever it is: not for a moment, and not beyond the next reading.
TEST_F(WallClock, BelievesNoWordThatWasOverwritten) {
  const std::uint64_t far = static_cast<std::uint64_t>(wall(0s).unix_nanos) * 2;
  clock.accept(mono(0s), wall(0s));
  const std::uint64_t sound = header.wall_offset.load();
  constexpr auto bit = [](unsigned at) { return std::uint64_t{1} << at; };
  for (const std::uint64_t word : {far, ~sound, sound ^ bit(55), sound + bit(48), bit(63) - 1,
                                   bit(63), ~std::uint64_t{0}, bit(0)}) {
    clock.accept(mono(0s), wall(0s));
    header.wall_offset.store(word);
    EXPECT_EQ(clock.at(mono(5s), wall(5s)), wall(5s)) << word;
    EXPECT_FALSE(clock.proposed_step()) << word;
    EXPECT_FALSE(clock.observe(mono(5s), wall(5s))) << word;
    EXPECT_EQ(clock.at(mono(9s), wall(99s)), wall(9s)) << word;
    EXPECT_TRUE(clock.observe(mono(10s), wall(10s))) << word;
  }
  header.wall_seal.store(12345);
  EXPECT_TRUE(clock.observe(mono(11s), wall(11s))) << "what it says is what the system says";
  EXPECT_EQ(clock.at(mono(12s), wall(99s)), wall(12s));
  header.wall_proposed.store(bit(63));
  EXPECT_FALSE(clock.proposed_step());
}

// It was told by a version that knew of no seal, or by somebody who died before he had sealed it.
TEST_F(WallClock, SealsWhatAgreesWithTheSystem) {
  header.wall_offset.store(static_cast<std::uint64_t>(wall(0s).unix_nanos) - 1'000'000'000'000);
  EXPECT_EQ(clock.at(mono(10s), wall(99s)), wall(10s));
  EXPECT_TRUE(clock.observe(mono(10s), wall(10s)));
  EXPECT_NE(header.wall_seal.load(), 0U);
  EXPECT_TRUE(clock.observe(mono(10s), wall(2h)));
  EXPECT_EQ(clock.at(mono(20s), wall(2h)), wall(20s)) << "a jump is not believed for it";
  clock.accept(mono(0s), wall(0s));
  header.wall_seal.store(header.wall_seal.load() ^ 2U);
  EXPECT_TRUE(clock.observe(mono(10s), wall(50s)));
  EXPECT_EQ(clock.at(mono(10s), wall(99s)), wall(50s));
}

}  // namespace
}  // namespace headrace::core

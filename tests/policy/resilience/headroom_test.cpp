#include "policy/resilience/headroom.h"

#include <gtest/gtest.h>

#include "policy/resilience/slot_finder.h"
#include "policy/resilience/word_time.h"

namespace headrace::policy {
namespace {

using std::chrono::milliseconds;

constexpr core::Instant at(std::int64_t ms) {
  return core::Instant(milliseconds(5'000'000 + ms));
}

ProviderHints left(Measure measure, std::uint32_t remaining, std::uint32_t reset_ms) {
  ProviderHints hints;
  hints.windows[static_cast<std::size_t>(measure)] = RateWindow{remaining, reset_ms};
  return hints;
}

TEST(Headroom, NothingKnownIsAmple) {
  core::KeySlot slot{};
  Headroom headroom(slot);
  EXPECT_EQ(headroom.look(1'000'000, at(0)).room, Room::ample);
  headroom.take(100, at(0));
  EXPECT_EQ(headroom.look(1'000'000, at(0)).room, Room::ample);
}

TEST(Headroom, ASpentKeyIsNotTriedBeforeItsReset) {
  core::KeySlot slot{};
  Headroom headroom(slot);
  headroom.learn(left(Measure::requests, 0, 2'000), at(0));
  const KeyLook look = headroom.look(1, at(500));
  EXPECT_EQ(look.room, Room::none);
  EXPECT_EQ(look.wait_ms, 1'500U);
  EXPECT_EQ(headroom.look(1, at(1'999)).room, Room::none);
  EXPECT_EQ(headroom.look(1, at(2'000)).room, Room::ample);
}

TEST(Headroom, RequestsOnTheirWayTakeFromWhatIsLeft) {
  core::KeySlot slot{};
  Headroom headroom(slot);
  headroom.learn(left(Measure::requests, 2, 60'000), at(0));
  headroom.take(10, at(1));
  EXPECT_EQ(headroom.look(1, at(1)).room, Room::ample);
  headroom.take(10, at(2));
  EXPECT_EQ(headroom.look(1, at(2)).room, Room::none);
  headroom.take(10, at(3));
  EXPECT_EQ(headroom.window(Measure::requests, at(3)).remaining, 0U);
}

TEST(Headroom, TooFewTokensAreTightAndNeverNoneByOurOwnCount) {
  core::KeySlot slot{};
  Headroom headroom(slot);
  headroom.learn(left(Measure::input_tokens, 1'000, 60'000), at(0));
  EXPECT_EQ(headroom.look(1'000, at(0)).room, Room::ample);
  EXPECT_EQ(headroom.look(1'001, at(0)).room, Room::tight);
  headroom.take(5'000, at(0));
  EXPECT_EQ(headroom.look(2, at(0)).room, Room::tight);
  headroom.learn(left(Measure::input_tokens, 0, 60'000), at(0));
  EXPECT_EQ(headroom.look(2, at(0)).room, Room::none);
}

TEST(Headroom, ABenchLastsAndIsNeverMadeShorter) {
  core::KeySlot slot{};
  Headroom headroom(slot);
  headroom.bench(BenchReason::rate_limited, 10'000, at(0));
  headroom.bench(BenchReason::refused, 100, at(0));
  const KeyLook look = headroom.look(1, at(1'000));
  EXPECT_EQ(look.room, Room::none);
  EXPECT_EQ(look.wait_ms, 9'000U);
  EXPECT_EQ(look.benched, BenchReason::rate_limited);
  EXPECT_EQ(headroom.look(1, at(10'000)).room, Room::ample);
  headroom.bench(BenchReason::spent, 5'000, at(10'000));
  EXPECT_EQ(headroom.look(1, at(10'001)).room, Room::last_resort);
  headroom.unbench();
  EXPECT_EQ(headroom.look(1, at(10'001)).room, Room::ample);
}

TEST(Headroom, ARateLimitOutlivesTheRequestsThatWereUnderWay) {
  core::KeySlot slot{};
  Headroom headroom(slot);
  headroom.bench(BenchReason::rate_limited, 10'000, at(0));
  headroom.unbench();
  EXPECT_EQ(headroom.look(1, at(9'999)).benched, BenchReason::rate_limited);
  EXPECT_EQ(headroom.look(1, at(10'000)).room, Room::ample);
}

TEST(Headroom, ALaggingShardBelievesTheLongestBench) {
  core::KeySlot slot{};
  Headroom headroom(slot);
  headroom.bench(BenchReason::spent, kWordAheadMsMax, at(5));
  EXPECT_EQ(headroom.look(1, at(0)).benched, BenchReason::spent);
}

TEST(Headroom, WordsWithoutSenseAreUnknown) {
  core::KeySlot slot{};
  Headroom headroom(slot);
  slot.bench.store(~std::uint64_t{0});
  EXPECT_EQ(headroom.look(1, at(0)).room, Room::ample);
  const std::uint64_t sound = std::uint64_t{1} << 56U | 5'001'000U;
  slot.bench.store(sound);
  EXPECT_NE(headroom.look(1, at(0)).room, Room::ample);
  for (unsigned unused = 32; unused < 56; ++unused) {
    slot.bench.store(sound | std::uint64_t{1} << unused);
    EXPECT_EQ(headroom.look(1, at(0)).room, Room::ample) << unused;
  }
  // A moment further ahead than any may lie.
  slot.bench.store(std::uint64_t{1} << 56U |
                   static_cast<std::uint32_t>(5'000'000 + 25 * 3'600'000));
  slot.windows[0].store(static_cast<std::uint32_t>(5'000'000 + 25 * 3'600'000));
  EXPECT_EQ(headroom.look(1, at(0)).room, Room::ample);
}

TEST(SlotFinder, GivesAnIdentityTheSameSlotAlways) {
  std::array<core::KeySlot, 8> slots{};
  core::KeySlot* one = find_slot(std::span<core::KeySlot>(slots), 3);
  core::KeySlot* other = find_slot(std::span<core::KeySlot>(slots), 11);
  ASSERT_NE(one, nullptr);
  ASSERT_NE(other, nullptr);
  EXPECT_NE(one, other) << "they begin at the same place";
  EXPECT_EQ(find_slot(std::span<core::KeySlot>(slots), 3), one);
  EXPECT_EQ(find_slot(std::span<core::KeySlot>(slots), 11), other);
  EXPECT_NE(find_slot(std::span<core::KeySlot>(slots), 0), nullptr) << "no identity is none";
}

TEST(SlotFinder, SaysWhenThereIsNoneLeft) {
  std::array<core::KeySlot, 4> slots{};
  for (std::uint64_t identity = 1; identity <= 4; ++identity)
    EXPECT_NE(find_slot(std::span<core::KeySlot>(slots), identity), nullptr);
  EXPECT_EQ(find_slot(std::span<core::KeySlot>(slots), 5), nullptr);
  EXPECT_NE(find_slot(std::span<core::KeySlot>(slots), 2), nullptr);
}

}  // namespace
}  // namespace headrace::policy

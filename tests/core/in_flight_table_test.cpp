#include "core/in_flight_table.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/core/shared_area.h"

namespace headrace::core {
namespace {

constexpr std::size_t kEntries = 4;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

class InFlight : public testing::Test {
 protected:
  SharedArea area{kEntries * kInFlightEntryBytes};
  InFlightTable table{area.bytes()};
};

TEST_F(InFlight, TellsWhatStandsInAnEntry) {
  InFlightEntry* entry = table.take(41, bytes_of("what was meant"));
  ASSERT_NE(entry, nullptr);
  entry->first_byte_nanos.store(17);
  entry->bytes.store(1000);
  entry->output_tokens.store(12);
  entry->micro_usd.store(99);
  InFlightTable::begin_attempt(*entry, "slow", 5);
  InFlightTable::end_attempt(*entry, 0, 9, 503, 2, 7);
  InFlightTable::begin_attempt(*entry, "good", 10);

  const auto sight = look_at(*entry);
  ASSERT_TRUE(sight);
  EXPECT_EQ(sight->sequence, 41U);
  EXPECT_EQ(sight->first_byte_nanos, 17);
  EXPECT_EQ(sight->bytes, 1000U);
  EXPECT_EQ(sight->output_tokens, 12);
  EXPECT_EQ(sight->micro_usd, 99);
  ASSERT_EQ(sight->attempts.size(), 2U);
  EXPECT_EQ(sight->attempts[0].status, 503U);
  EXPECT_EQ(sight->attempts[0].ended_nanos, 9);
  EXPECT_EQ(sight->attempts[1].ended_nanos, 0);
  EXPECT_EQ(std::string(sight->attempts[1].name.data(), sight->attempts[1].name_bytes), "good");
  EXPECT_EQ(sight->intent.size(), 14U);
  table.give_back(*entry);
  EXPECT_FALSE(look_at(*entry));
}

TEST_F(InFlight, IsFullAtItsNumberOfEntriesAndTakesThemAgain) {
  std::set<InFlightEntry*> taken;
  for (std::size_t i = 0; i < kEntries; ++i)
    taken.insert(table.take(i, {}));
  EXPECT_EQ(taken.size(), kEntries);
  EXPECT_EQ(table.take(9, {}), nullptr);
  EXPECT_EQ(table.taken(), kEntries);
  InFlightEntry* entry = *taken.begin();
  table.give_back(*entry);
  EXPECT_EQ(table.take(10, {}), entry);
  // Nothing is left of who had it before.
  EXPECT_TRUE(look_at(*entry)->attempts.empty());
}

TEST_F(InFlight, KnowsByTheRingWhetherARecordWasWritten) {
  InFlightEntry* entry = table.take(1, {});
  EXPECT_FALSE(is_settled(*look_at(*entry), 1 << 20)) << "it has not begun to settle";
  begin_settling(*entry, 800);
  EXPECT_FALSE(is_settled(*look_at(*entry), 800)) << "the ring has not grown";
  EXPECT_TRUE(is_settled(*look_at(*entry), 824));
}

TEST_F(InFlight, CountsTheFirstCallsAndTheLast) {
  InFlightEntry* entry = table.take(1, {});
  for (int i = 0; i < 7; ++i) {
    InFlightTable::begin_attempt(*entry, std::to_string(i), i + 1);
    InFlightTable::end_attempt(*entry, static_cast<std::size_t>(i), i + 2, 500, 1, 0);
  }
  const auto sight = look_at(*entry);
  ASSERT_EQ(sight->attempts.size(), kInFlightAttemptsMax);
  EXPECT_EQ(sight->attempts[0].begun_nanos, 1);
  EXPECT_EQ(sight->attempts[3].begun_nanos, 7);
}

// A hedge: the second call may end before the first one.
TEST_F(InFlight, EndsEachOfTwoCallsByItself) {
  InFlightEntry* entry = table.take(1, {});
  InFlightTable::begin_attempt(*entry, "silent", 10);
  InFlightTable::begin_attempt(*entry, "quick", 20);
  InFlightTable::end_attempt(*entry, 1, 30, 200, 0, 0);
  EXPECT_EQ(look_at(*entry)->attempts[0].ended_nanos, 0);
  InFlightTable::end_attempt(*entry, 0, 31, 0, 15, 44);
  const auto sight = look_at(*entry);
  EXPECT_EQ(sight->attempts[0].ended_nanos, 31);
  EXPECT_EQ(sight->attempts[0].micro_usd, 44);
  EXPECT_EQ(sight->attempts[1].ended_nanos, 30);
  EXPECT_EQ(sight->attempts[1].status, 200);
}

TEST_F(InFlight, NeverFollowsOverwrittenMemory) {
  Random random(3);
  for (int round = 0; round < 20'000; ++round) {
    for (InFlightEntry& entry : in_flight_entries(area.bytes())) {
      const std::size_t at = random.below(kInFlightEntryBytes);
      auto* bytes = reinterpret_cast<std::byte*>(&entry);
      for (std::size_t i = at; i < std::min(at + 40, kInFlightEntryBytes); ++i)
        bytes[i] = static_cast<std::byte>(random.next());
      if (const auto sight = look_at(entry)) {
        ASSERT_LE(sight->attempts.size(), kInFlightAttemptsMax);
        ASSERT_TRUE(sight->intent.empty()) << "damage that the checksum did not see";
      }
    }
  }
}

TEST_F(InFlight, SeesThatAnIntentIsDamaged) {
  InFlightEntry* entry = table.take(1, bytes_of("an intent of some length"));
  EXPECT_FALSE(look_at(*entry)->intent.empty());
  entry->intent[3] ^= std::byte{1};
  EXPECT_TRUE(look_at(*entry)->intent.empty());
}

}  // namespace
}  // namespace headrace::core

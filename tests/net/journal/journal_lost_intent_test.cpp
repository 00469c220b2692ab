// Intents (billing: strict) whose memory is overwritten while they wait for the disk: nobody takes
// them for written.
#include <gtest/gtest.h>

#include "tests/net/journal/journal_life.h"

namespace headrace::net {
namespace {

using policy::IntentState;

class LostIntent : public JournalOnMemory {
 protected:
  LostIntent() {
    EXPECT_TRUE(life.step());
    EXPECT_TRUE(life.begin(ticket));
  }
  // Where it ends.
  std::uint64_t write_intent() { return life.records[0]->write_intent(ticket).value(); }
  // The last words of a frame may be padding, which nobody reads.
  void damage(std::uint64_t place) { byte_at(place - 16) ^= std::byte{0x10}; }
  std::byte& byte_at(std::uint64_t position) {
    const std::span<std::byte> area = record_areas(*region, life.own->number(), 0).ring;
    const std::size_t head = sizeof(core::SpscIndices);
    return area[head + position % (area.size() - head)];
  }
  IntentState state(std::uint64_t place) { return life.records[0]->intent_state(place); }
  [[nodiscard]] const JournalStatistics& statistics() const { return life.journal->statistics(); }

  Life life{*region, files, kBegin};
  policy::RecordTicket ticket;
};

TEST_F(LostIntent, IsNotTakenForOneThatIsOnTheDisk) {
  const std::uint64_t before = write_intent();
  const std::uint64_t lost = write_intent();
  const std::uint64_t behind = write_intent();
  damage(lost);
  ASSERT_TRUE(life.step());
  EXPECT_EQ(state(before), IntentState::synced);
  EXPECT_EQ(state(lost), IntentState::lost);
  EXPECT_EQ(state(behind), IntentState::synced);
  EXPECT_EQ(statistics().intents.value(), 2U);
  EXPECT_EQ(statistics().records_damaged.value(), 1U);
  // The ring goes on.
  const std::uint64_t next = write_intent();
  EXPECT_EQ(state(next), IntentState::waiting);
  ASSERT_TRUE(life.step());
  EXPECT_EQ(state(next), IntentState::synced);
  life.settle(ticket);
  ASSERT_TRUE(life.step());
  EXPECT_EQ(rows().size(), 1U);
}

TEST_F(LostIntent, TakesNothingWithItWhateverLengthItClaims) {
  const std::uint64_t before = write_intent();
  const std::uint64_t lost = write_intent();
  const std::uint64_t behind = write_intent();
  byte_at(before + 3) = std::byte{0x7f};
  ASSERT_TRUE(life.step());
  EXPECT_EQ(state(before), IntentState::synced);
  EXPECT_EQ(state(lost), IntentState::lost);
  EXPECT_EQ(state(behind), IntentState::synced);
  EXPECT_FALSE(life.records[0]->corrupt());
  const std::uint64_t next = write_intent();
  ASSERT_TRUE(life.step());
  EXPECT_EQ(state(next), IntentState::synced);
  life.settle(ticket);
  ASSERT_TRUE(life.step());
  EXPECT_EQ(rows().size(), 1U);
  EXPECT_EQ(statistics().records_damaged.value(), 1U);
}

TEST_F(LostIntent, IsLostOnceHoweverOftenTheDiskTakesNothing) {
  const std::uint64_t lost = write_intent();
  const std::uint64_t behind = write_intent();
  damage(lost);
  files.room = files.used();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(life.step());
    EXPECT_EQ(state(lost), IntentState::waiting);
  }
  EXPECT_EQ(statistics().records_damaged.value(), 0U);
  files.room = UINT64_MAX;
  ASSERT_TRUE(life.step());
  EXPECT_EQ(state(lost), IntentState::lost);
  EXPECT_EQ(state(behind), IntentState::synced);
  EXPECT_EQ(statistics().records_damaged.value(), 1U);
}

// More of them than a shard is told of at once, and than it leaves untaken.
TEST_F(LostIntent, IsToldOfHoweverManyThereAreAndHoweverLateItsShardAsks) {
  for (const bool late : {true, false}) {
    std::vector<std::uint64_t> places;
    std::size_t answered = 0;
    const auto ask = [&] {
      while (answered < places.size() && state(places[answered]) != IntentState::waiting) {
        EXPECT_EQ(state(places[answered]),
                  answered % 2 == 0 ? IntentState::lost : IntentState::synced);
        ++answered;
      }
    };
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < 10; ++i) {
        const auto place = life.records[0]->write_intent(ticket);
        if (!place) break;
        places.push_back(*place);
        if (places.size() % 2 == 1) damage(*place);
      }
      ASSERT_TRUE(life.step());
      if (!late) ask();
    }
    EXPECT_GT(places.size(), 100U);
    for (int round = 0; round < 20; ++round) {
      ask();
      ASSERT_TRUE(life.step());
    }
    EXPECT_EQ(answered, places.size());
  }
}

// Damage of what nobody waits for does not fill what a shard is told by.
TEST_F(LostIntent, StopsNoShardThatForgetsTheGaps) {
  for (int i = 0; i < 300; ++i) {
    damage(write_intent());
    (void)write_intent();
    ASSERT_TRUE(life.step());
    EXPECT_EQ(life.records[0]->has_gaps(), true);
    life.records[0]->forget_gaps();
    EXPECT_FALSE(life.records[0]->has_gaps());
  }
  EXPECT_EQ(statistics().intents.value(), 300U);
  EXPECT_EQ(statistics().records_damaged.value(), 300U);
}

}  // namespace
}  // namespace headrace::net

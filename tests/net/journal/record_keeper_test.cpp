#include "net/journal/record_keeper.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "core/incarnation.h"
#include "core/record_ring.h"
#include "core/shared_region.h"
#include "core/spsc_ring.h"
#include "net/journal/record_areas.h"
#include "tests/net/journal/journal_geometry.h"

namespace headrace::net {
namespace {

class RecordKeeperTest : public testing::Test {
 protected:
  RecordKeeperTest()
      : region_(core::SharedRegion::make_anonymous(journal_geometry(1), {1}, 1).value()),
        incarnation_(core::Incarnation::claim(region_, {1}).value()),
        keeper_({.region = 1, .epoch = 1, .shard = 0}, areas(), &bell_),
        journal_(areas().ring, policy::kRecordBytesMax) {}

  policy::ShardRecordAreas areas() { return record_areas(region_, incarnation_.number(), 0); }
  void settle_one() {
    policy::RecordTicket ticket;
    policy::UsageRecord intent;
    ASSERT_TRUE(keeper_.records().begin(ticket, intent));
    policy::UsageRecord record;
    keeper_.records().settle(ticket, record);
    keeper_.settled();
  }
  void journal_takes_all() {
    while (journal_.next()) {
    }
    journal_.acknowledge();
  }
  // As the journal's thread does.
  bool called() {
    const bool rung = bell_.rung();
    bell_.wait(std::chrono::milliseconds(0));
    return rung;
  }

  core::SharedRegion region_;
  core::Incarnation incarnation_;
  LogBell bell_;
  RecordKeeper keeper_;
  core::RecordRingConsumer journal_;
};

// Each call is a system call of the shard's and a round of the journal's, with a sync of the disk.
TEST_F(RecordKeeperTest, CallsTheJournalWhereManyWaitAndOnlyThere) {
  const std::uint64_t many = keeper_.records().capacity() / 8;
  std::uint64_t before = 0;
  while (!called()) {
    before = keeper_.records().waiting();
    settle_one();
  }
  EXPECT_LE(before, many);
  EXPECT_GT(keeper_.records().waiting(), many);

  // However many have gone this way: what the journal has taken waits no longer.
  for (std::uint64_t written = 0; written < 4 * keeper_.records().capacity();) {
    const std::uint64_t place = keeper_.records().waiting();
    journal_takes_all();
    settle_one();
    EXPECT_FALSE(called()) << "at " << place;
    written += 300;
  }
}

TEST_F(RecordKeeperTest, ARecordThatFindsItsRingOverwrittenIsToldAsLost) {
  std::array<policy::RecordTicket, 2> tickets;
  for (policy::RecordTicket& ticket : tickets) {
    policy::UsageRecord intent;
    ASSERT_TRUE(keeper_.records().begin(ticket, intent));
  }
  policy::UsageRecord record;
  EXPECT_TRUE(keeper_.records().settle(tickets[0], record));

  std::memset(areas().ring.data(), 0x5a, sizeof(core::SpscIndices));
  keeper_.records().look_at_journal();
  EXPECT_FALSE(keeper_.records().settle(tickets[1], record));
  EXPECT_EQ(keeper_.records().in_flight(), 0U);
  testing::internal::CaptureStderr();
  keeper_.settled();
  keeper_.settled();
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
  EXPECT_NE(
      said.find("shard 0 was overwritten: the records of requests that are under way are lost"),
      std::string::npos)
      << said;
}

}  // namespace
}  // namespace headrace::net

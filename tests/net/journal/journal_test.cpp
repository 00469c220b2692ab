// The journal over a disk in memory: what is written once, what survives, and what a disk that is
// full or fails makes of it.
#include "net/journal/journal.h"

#include <gtest/gtest.h>

#include "tests/net/journal/journal_life.h"

namespace headrace::net {
namespace {

using std::chrono::seconds;

TEST_F(JournalOnMemory, HoldsEveryRecordOfEveryShardOnce) {
  Life life(*region, files, kBegin);
  std::size_t served = 0;
  for (int round = 0; round < 50; ++round) {
    life.serve(7, 0);
    life.serve(5, 1);
    served += 12;
    ASSERT_TRUE(life.step());
  }
  EXPECT_EQ(rows().size(), served);
  life.end();
  EXPECT_EQ(rows().size(), served);
  EXPECT_EQ(open_segments, 0U);
  EXPECT_EQ(life.journal->statistics().records.value(), served);
}

TEST_F(JournalOnMemory, GivesRoomBackOnlyWhenItIsOnTheDisk) {
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  files.room = files.used() + 100;
  std::size_t served = 0;
  policy::RecordTicket ticket;
  while (life.begin(ticket)) {
    life.settle(ticket);
    ++served;
    EXPECT_FALSE(life.step()) << "the disk is full";
  }
  EXPECT_GT(served, 30U);
  EXPECT_EQ(life.journal->statistics().stalled.value(), 1);
  files.room = UINT64_MAX;
  ASSERT_TRUE(life.step());
  EXPECT_EQ(life.journal->statistics().stalled.value(), 0);
  EXPECT_TRUE(life.begin(ticket)) << "there is room again at once";
  life.settle(ticket);
  ASSERT_TRUE(life.step());
  EXPECT_EQ(rows().size(), served + 1);
}

TEST_F(JournalOnMemory, BeginsAnotherSegmentWhereASyncHasFailed) {
  Life life(*region, files, kBegin);
  life.serve(3);
  ASSERT_TRUE(life.step());
  files.sync_error = EIO;
  life.serve(4);
  EXPECT_FALSE(life.step());
  EXPECT_FALSE(life.step());
  files.sync_error = 0;
  ASSERT_TRUE(life.step());
  EXPECT_EQ(rows().size(), 7U);
  files.lose_power();
  EXPECT_EQ(rows().size(), 7U) << "what was acknowledged is on the disk";
}

TEST_F(JournalOnMemory, WritesNothingIntoASegmentThatHasBeenRemoved) {
  Life life(*region, files, kBegin);
  life.serve(3);
  ASSERT_TRUE(life.step());
  files.files.clear();
  life.serve(4);
  EXPECT_FALSE(life.step());
  EXPECT_EQ(life.journal->statistics().stalled.value(), 1);
  files.create_error = ENOENT;  // the whole folder is gone
  EXPECT_FALSE(life.step());
  files.create_error = 0;
  ASSERT_TRUE(life.step());
  EXPECT_EQ(rows().size(), 4U) << "what came after the removal";
  EXPECT_EQ(life.journal->statistics().stalled.value(), 0);
}

TEST_F(JournalOnMemory, FillsADiskThatHasNoRoomForAllThatWaits) {
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  files.room = files.used() + 100;
  policy::RecordTicket ticket;
  std::size_t served = 0;
  for (; life.begin(ticket); ++served)
    life.settle(ticket);
  for (int tries = 0; tries < 12; ++tries)
    EXPECT_FALSE(life.step()) << "the disk is full";
  // For a half of them, about.
  files.room = files.used() +
               static_cast<std::uint64_t>(life.journal->statistics().waiting_bytes.value()) / 2;
  EXPECT_FALSE(life.step());
  EXPECT_GT(rows().size(), served / 4);
  EXPECT_LT(rows().size(), served);
  EXPECT_TRUE(life.begin(ticket)) << "their room in memory is there again";
  life.settle(ticket);
  files.room = UINT64_MAX;
  ASSERT_TRUE(life.step());
  EXPECT_EQ(rows().size(), served + 1);
}

TEST_F(JournalOnMemory, TakesOverWhatADeadProcessLeft) {
  for (std::size_t drained : {0U, 2U, 5U}) {
    files.files.clear();
    reboot();
    {
      Life life(*region, files, kBegin);
      std::vector<policy::RecordTicket> tickets(5);
      for (std::size_t i = 0; i < tickets.size(); ++i) {
        ASSERT_TRUE(life.begin(tickets[i], i % 2));
        if (i < drained) life.settle(tickets[i], i % 2);
      }
      ASSERT_TRUE(life.step());
      for (std::size_t i = drained; i < 3; ++i)
        life.settle(tickets[i], i % 2);
      life.records[0]->refusals().add(1, "acme", "ci", "rate_limited", kBegin);
      // Dies here.
    }
    Life life(*region, files, kBegin);
    EXPECT_TRUE(life.journal->recovering());
    ASSERT_TRUE(life.step());
    EXPECT_FALSE(life.journal->recovering());
    const auto found = rows();
    EXPECT_EQ(found.size(), 5U);
    EXPECT_EQ(lost(found), drained == 5 ? 0U : 2U);
    EXPECT_EQ(refusals, 1U);
    EXPECT_EQ(open_segments, 1U) << "that of the living";
    life.end();
  }
}

TEST_F(JournalOnMemory, WritesNothingTwiceHoweverOftenItsSuccessorsDie) {
  std::size_t begun = 0;
  std::size_t deaths = 0;
  // A disk that is full after a few bytes more each time: recovery gets a little further, then the
  // process dies too.
  for (std::uint64_t room = 0; room < 6000; room += 97) {
    files.room = files.used() + room;
    Life life(*region, files, kBegin);
    for (std::size_t i = 0; i < 3; ++i) {
      policy::RecordTicket ticket;
      if (!life.begin(ticket)) continue;
      ++begun;
      if (i == 0) life.settle(ticket);
    }
    life.records[1]->refusals().add(1, "acme", "ci", "rate_limited", kBegin);
    (void)life.step();
    // The slots of incarnations are few: what cannot wait any longer is settled with room.
    files.room = UINT64_MAX;
    if (deaths++ % 2 == 0) {
      ASSERT_TRUE(life.step());
    }
  }
  files.room = UINT64_MAX;
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  EXPECT_FALSE(life.journal->recovering());
  EXPECT_EQ(rows().size(), begun);
  EXPECT_EQ(refusals, deaths);
  life.end();
}

TEST_F(JournalOnMemory, WritesNothingTwiceWhereAProcessDiedBeforeItGaveTheRoomBack) {
  {
    Life life(*region, files, kBegin);
    life.serve(3);
    ASSERT_TRUE(life.step());
    life.serve(4);
    // The disk has them, and the ring does not say so.
    const std::span<std::byte> ring = record_areas(*region, life.own->number(), 0).ring;
    const std::vector<std::byte> before(ring.begin(), ring.end());
    ASSERT_TRUE(life.step());
    std::ranges::copy(before, ring.begin());
  }
  EXPECT_EQ(rows().size(), 7U);
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  EXPECT_EQ(rows().size(), 7U);
  life.end();
}

TEST_F(JournalOnMemory, SettlesOrphansAlsoWhereNoIncarnationIsFree) {
  files.room = 0;
  std::size_t begun = 0;
  for (std::uint32_t i = 0; i < region->geometry().incarnations; ++i) {
    Life life(*region, files, kBegin);
    policy::RecordTicket ticket;
    ASSERT_TRUE(life.begin(ticket));
    ++begun;
    EXPECT_FALSE(life.step());
  }
  std::vector<core::Incarnation> orphans = core::Incarnation::claim_orphans(*region);
  ASSERT_FALSE(core::Incarnation::claim(*region, {kBegin}));
  files.room = UINT64_MAX;
  auto recovery = Journal::open(files, {}, *region, nullptr, std::move(orphans), {kBegin});
  ASSERT_TRUE(recovery);
  EXPECT_TRUE((*recovery)->step(core::Instant{seconds(5)}, {kBegin}));
  (*recovery)->close({kBegin});
  EXPECT_TRUE(core::Incarnation::claim(*region, {kBegin}));
  EXPECT_EQ(rows().size(), begun);
  EXPECT_EQ(open_segments, 0U);
}

TEST_F(JournalOnMemory, TurnsIntentsIntoRecordsWhenTheMemoryIsGone) {
  std::vector<policy::RecordTicket> tickets(4);
  {
    JournalOptions options;
    options.segment_bytes_max = 1;  // a new segment each time: open intents move on
    Life life(*region, files, kBegin, options);
    for (policy::RecordTicket& ticket : tickets) {
      ASSERT_TRUE(life.begin(ticket));
      const auto place = life.records[0]->write_intent(ticket);
      ASSERT_TRUE(place);
      EXPECT_EQ(life.records[0]->intent_state(*place), policy::IntentState::waiting);
      ASSERT_TRUE(life.step());
      EXPECT_EQ(life.records[0]->intent_state(*place), policy::IntentState::synced);
    }
    life.settle(tickets[1]);
    ASSERT_TRUE(life.step());
    life.serve(1);
  }
  files.lose_power();
  reboot();
  for (int start = 0; start < 3; ++start) {
    Life life(*region, files, kBegin);
    ASSERT_TRUE(life.step());
    const auto found = rows();
    EXPECT_EQ(found.size(), 4U) << "the one that had no intent is gone with the power";
    EXPECT_EQ(lost(found), 3U);
    if (start > 0) life.end();
  }
}

TEST_F(JournalOnMemory, KeepsNoMoreSegmentsThanItIsToldAndNeverRemovesTheNewest) {
  JournalOptions options;
  options.segment_bytes_max = 1;
  options.retention_segments_max = 3;
  Life life(*region, files, kBegin, options);
  for (int i = 0; i < 10; ++i) {
    life.serve(1);
    ASSERT_TRUE(life.step());
    EXPECT_LE(files.files.size(), 4U);
  }
  EXPECT_EQ(life.journal->statistics().segments_removed.value(), 6U);
  life.end();
}

// Power fails at every byte that was written, synced or not: the next life finds a prefix.
TEST_F(JournalOnMemory, CutAtEveryByteIsTakenOverAsAPrefix) {
  {
    Life life(*region, files, kBegin);
    for (int i = 0; i < 12; ++i) {
      life.serve(1);
      ASSERT_TRUE(life.step());
    }
  }
  const auto whole = files.files.begin()->second->bytes;
  const std::size_t all = rows().size();
  ASSERT_EQ(all, 12U);
  std::size_t before = 0;
  for (std::size_t size = 0; size <= whole.size(); size += size > 200 && size % 8 == 0 ? 8U : 1U) {
    files.files.clear();
    files.files[1] = std::make_shared<MemoryFiles::Content>();
    files.files[1]->bytes.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    reboot();
    Life life(*region, files, kBegin);
    ASSERT_TRUE(life.step());
    life.serve(1);
    ASSERT_TRUE(life.step());
    life.end();
    const std::size_t found = rows().size() - 1;
    ASSERT_GE(found, before) << size;
    ASSERT_LE(found, all);
    ASSERT_EQ(open_segments, 0U) << "what was cut is closed";
    before = found;
  }
  EXPECT_EQ(before, all);
}

}  // namespace
}  // namespace headrace::net

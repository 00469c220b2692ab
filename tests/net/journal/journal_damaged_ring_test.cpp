// What a successor makes of a dead process whose record ring was overwritten.
#include <cstring>

#include <gtest/gtest.h>

#include "core/spsc_ring.h"
#include "tests/net/journal/journal_life.h"

namespace headrace::net {
namespace {

class DamagedRing : public JournalOnMemory {
 protected:
  // Three records on the disk, two in the ring, and four requests under way; then it dies.
  void live_and_die() {
    Life life(*region, files, kBegin);
    life.serve(3);
    ASSERT_TRUE(life.step());
    life.serve(2);
    for (int i = 0; i < 4; ++i) {
      policy::RecordTicket ticket;
      ASSERT_TRUE(life.begin(ticket));
    }
    incarnation = life.own->number();
  }
  // One record on the disk whose entry is not given back yet, and two in the ring.
  void die_settling() {
    Life life(*region, files, kBegin);
    policy::RecordTicket ticket;
    ASSERT_TRUE(life.begin(ticket));
    const std::vector<std::byte> before(in_flight(life).begin(), in_flight(life).end());
    life.settle(ticket);
    ASSERT_TRUE(life.step());
    life.serve(2);
    std::memcpy(in_flight(life).data(), before.data(), before.size());
    incarnation = life.own->number();
  }
  void damage_indices() { std::memset(ring().data(), 0x5a, sizeof(core::SpscIndices)); }
  // Its successor has no more to recover, and so many records are on the disk.
  void expect_recovered(const Life& life, std::size_t records, std::size_t lost_records) {
    EXPECT_FALSE(life.journal->recovering());
    const auto found = rows();
    EXPECT_EQ(found.size(), records);
    EXPECT_EQ(lost(found), lost_records);
  }
  [[nodiscard]] std::span<std::byte> in_flight(const Life& life) const {
    return record_areas(*region, life.own->number(), 0).in_flight;
  }
  [[nodiscard]] std::span<std::byte> ring() const {
    return record_areas(*region, incarnation, 0).ring;
  }

  std::uint32_t incarnation = 0;
};

TEST_F(DamagedRing, IndicesOutOfBoundsCostNoRequestUnderWayItsRecord) {
  live_and_die();
  damage_indices();
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  // Three that were on the disk, four that were under way.
  expect_recovered(life, 3 + 4, 4);
  EXPECT_EQ(life.journal->statistics().records_recovered.value(), 4U);
  EXPECT_EQ(life.journal->statistics().records_damaged.value(), 1U) << "it is to be looked at";
  life.serve(2);
  life.end();
  EXPECT_EQ(rows().size(), 9U);
}

TEST_F(DamagedRing, FramesOutOfBoundsDoNotEither) {
  live_and_die();
  std::memset(ring().data() + sizeof(core::SpscIndices), 0x5a,
              ring().size() - sizeof(core::SpscIndices));
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  expect_recovered(life, 3 + 4, 4);
  life.end();
}

// The first of the two that waited claims a length that no record has.
TEST_F(DamagedRing, ALengthOutOfBoundsCostsNoRecordBehindIt) {
  live_and_die();
  const auto& indices = *reinterpret_cast<const core::SpscIndices*>(ring().data());
  const std::span<std::byte> frames = ring().subspan(sizeof indices);
  std::memset(&frames[indices.read.load() % frames.size()], 0x7f, 4);
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  expect_recovered(life, 3 + 1 + 4, 4);
  EXPECT_EQ(life.journal->statistics().records_recovered.value(), 4U);
  EXPECT_EQ(life.journal->statistics().records_damaged.value(), 1U);
  life.end();
}

TEST_F(DamagedRing, WhatIsOnTheDiskIsNotWrittenTwice) {
  die_settling();
  damage_indices();
  Life life(*region, files, kBegin);
  ASSERT_TRUE(life.step());
  expect_recovered(life, 1, 0);
  life.end();
}

TEST_F(DamagedRing, ADiskThatTakesNothingLeavesTheRequestsToBeWrittenLater) {
  live_and_die();
  damage_indices();
  files.room = files.used();
  Life life(*region, files, kBegin);
  EXPECT_FALSE(life.step());
  EXPECT_TRUE(life.journal->recovering());
  files.room = UINT64_MAX;
  ASSERT_TRUE(life.step());
  expect_recovered(life, 3 + 4, 4);
  life.end();
}

}  // namespace
}  // namespace headrace::net

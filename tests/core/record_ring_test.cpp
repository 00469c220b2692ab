#include "core/record_ring.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/core/shared_area.h"

namespace headrace::core {
namespace {

constexpr std::size_t kCapacity = 4096;
constexpr std::size_t kRecordBytesMax = 400;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class RecordRing : public testing::Test {
 protected:
  RecordRingProducer producer() { return {area.bytes(), kRecordBytesMax}; }
  RecordRingConsumer consumer() { return RecordRingConsumer(area.bytes()); }
  SpscIndices& indices() { return *reinterpret_cast<SpscIndices*>(area.bytes().data()); }
  std::span<std::byte> ring() { return area.bytes().subspan(sizeof(SpscIndices)); }

  SharedArea area{record_ring_area_bytes(kCapacity)};
};

TEST_F(RecordRing, HandsOutWhatWasWrittenInItsOrder) {
  RecordRingProducer in = producer();
  RecordRingConsumer out = consumer();
  EXPECT_FALSE(out.next());
  ASSERT_TRUE(in.push(1, bytes_of("first")));
  ASSERT_TRUE(in.push(2, bytes_of("")));
  const auto first = out.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->kind, 1U);
  EXPECT_EQ(text_of(first->payload), "first");
  const auto second = out.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->kind, 2U);
  EXPECT_TRUE(second->payload.empty());
  EXPECT_GT(second->position, first->position);
  EXPECT_EQ(second->position, in.written());
  EXPECT_FALSE(out.next());
}

TEST_F(RecordRing, KeepsWhatWasHandedOutUntilItIsAcknowledged) {
  RecordRingProducer in = producer();
  RecordRingConsumer out = consumer();
  ASSERT_TRUE(in.push(1, bytes_of("kept")));
  ASSERT_TRUE(out.next());
  EXPECT_EQ(in.read(), 0U);
  out.rewind();
  ASSERT_TRUE(out.next());
  // Another process would find it again.
  RecordRingConsumer successor = consumer();
  EXPECT_TRUE(successor.next());
  out.acknowledge();
  EXPECT_EQ(in.read(), in.written());
  EXPECT_FALSE(consumer().next());
}

TEST_F(RecordRing, HandsOutNothingNewerThanWhereItWasToldToStop) {
  RecordRingProducer in = producer();
  RecordRingConsumer out = consumer();
  ASSERT_TRUE(in.push(1, bytes_of("one")));
  out.stop_at_written();
  ASSERT_TRUE(in.push(1, bytes_of("two")));
  EXPECT_TRUE(out.next());
  EXPECT_FALSE(out.next());
  out.rewind();
  EXPECT_TRUE(out.next());
  EXPECT_FALSE(out.next());
  out.acknowledge();
  out.stop_at_written();
  EXPECT_EQ(text_of(out.next()->payload), "two");
  EXPECT_FALSE(out.next());
}

TEST_F(RecordRing, HasTheRoomThatIsHeldWhateverElseIsWritten) {
  Random random(7);
  RecordRingProducer in = producer();
  RecordRingConsumer out = consumer();
  std::deque<std::string> expected;
  std::uint64_t written = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::string text(random.below(kRecordBytesMax + 1), static_cast<char>('a' + round % 26));
    switch (random.below(5)) {
      case 0:
        (void)in.hold();
        break;
      case 1:
      case 2:
        if (in.held() > 0) {
          ASSERT_TRUE(in.write_held(3, bytes_of(text))) << "in round " << round;
          expected.push_back(text);
          ++written;
        }
        break;
      case 3:
        if (in.push(3, bytes_of(text))) expected.push_back(text);
        break;
      default:
        if (const auto record = out.next()) {
          ASSERT_FALSE(expected.empty());
          ASSERT_EQ(text_of(record->payload), expected.front());
          expected.pop_front();
        }
        if (random.one_in(2)) out.acknowledge();
    }
  }
  EXPECT_FALSE(in.corrupt());
  EXPECT_FALSE(out.corrupt());
  EXPECT_GT(written, 1000U);
  EXPECT_GT(in.written(), 100 * kCapacity) << "the ring went round too seldom";
}

TEST_F(RecordRing, RefusesToHoldMoreThanItHas) {
  RecordRingProducer in = producer();
  while (in.hold()) {
  }
  EXPECT_GE(in.held(), 8U);
  EXPECT_FALSE(in.push(1, bytes_of("beside it")));
  const std::uint64_t held = in.held();
  for (std::uint64_t i = 0; i < held; ++i)
    ASSERT_TRUE(in.write_held(1, bytes_of(std::string(kRecordBytesMax, 'x'))));
  EXPECT_FALSE(in.hold()) << "nobody has read";
  RecordRingConsumer out = consumer();
  while (out.next()) {
  }
  out.acknowledge();
  EXPECT_TRUE(in.hold()) << "all was read";
}

TEST_F(RecordRing, DoesNotKnowOfARecordThatWasHalfWritten) {
  RecordRingProducer in = producer();
  ASSERT_TRUE(in.push(1, bytes_of("whole")));
  const std::vector<std::byte> before(area.bytes().begin(), area.bytes().end());
  ASSERT_TRUE(in.push(1, bytes_of(std::string(300, 'h'))));
  // All of its bytes, but not the index, as if the process had died before that store.
  indices().written.store(reinterpret_cast<const SpscIndices*>(before.data())->written.load());
  RecordRingConsumer out = consumer();
  EXPECT_EQ(text_of(out.next()->payload), "whole");
  EXPECT_FALSE(out.next());
  // Whoever goes on writes over it.
  RecordRingProducer successor = producer();
  ASSERT_TRUE(successor.push(1, bytes_of("next")));
  EXPECT_EQ(text_of(out.next()->payload), "next");
}

TEST_F(RecordRing, StepsOverWhatIsDamaged) {
  RecordRingProducer in = producer();
  ASSERT_TRUE(in.push(1, bytes_of("the first record")));
  ASSERT_TRUE(in.push(1, bytes_of("the second record")));
  ring()[20] ^= std::byte{4};
  RecordRingConsumer out = consumer();
  const auto second = out.next();
  EXPECT_EQ(text_of(second->payload), "the second record");
  EXPECT_TRUE(second->is_whole(bytes_of("the second record")));
  EXPECT_FALSE(second->is_whole(bytes_of("the third record")));
  EXPECT_EQ(out.damaged(), 1U);
  EXPECT_FALSE(out.corrupt());
}

// Whatever is damaged: no place is passed that was not handed out, without a gap that has it.
class DamagedRecordRing : public RecordRing {
 protected:
  // Some frames from `begin` on; the places where they end.
  std::vector<std::uint64_t> fill(std::uint64_t begin) {
    std::memset(area.bytes().data(), 0, area.bytes().size());
    indices().written.store(begin);
    indices().read.store(begin);
    RecordRingProducer in = producer();
    std::vector<std::uint64_t> places;
    for (const std::size_t bytes : {200U, 40U, 300U, 8U, 120U}) {
      EXPECT_TRUE(in.push(2, bytes_of(std::string(bytes, 'x'))));
      places.push_back(in.written());
    }
    return places;
  }
  // Of each: it was handed out, or a gap has it, or nothing passed it.
  void expect_told(const std::vector<std::uint64_t>& places) {
    RecordRingConsumer out = consumer();
    std::vector<std::uint64_t> found;
    std::vector<RecordRingGap> gaps;
    for (bool more = true; more;) {
      const auto record = out.next();
      if (out.gap()) gaps.push_back(*out.gap());
      if (record) found.push_back(record->position);
      more = record.has_value();
    }
    for (const std::uint64_t place : places) {
      const bool told =
          std::ranges::any_of(gaps, [&](const RecordRingGap& gap) { return gap.has(place); });
      const bool handed_out = std::ranges::find(found, place) != found.end();
      if (place <= out.cursor()) {
        EXPECT_NE(told, handed_out) << "of " << place;
      } else {
        EXPECT_FALSE(told || handed_out) << "of " << place;
        EXPECT_TRUE(out.corrupt());
      }
    }
  }
};

TEST_F(DamagedRecordRing, HasAGapForEveryPlaceThatItPassesInVain) {
  // Amid the ring, and so that its end is passed between two of them.
  for (const std::uint64_t begin : {8U * 1100, 8U * 512 * 3 - 400}) {
    const std::uint64_t end = fill(begin).back();
    for (std::uint64_t at = begin; at < end; ++at) {
      for (const int change : {0x01, 0x80, 0xff}) {
        SCOPED_TRACE(testing::Message() << "byte " << at - begin << " by " << change);
        const std::vector<std::uint64_t> places = fill(begin);
        ring()[at % kCapacity] ^= static_cast<std::byte>(change);
        expect_told(places);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_F(DamagedRecordRing, HasAGapForWhatAFalseSkipPasses) {
  constexpr std::uint64_t kBegin = 8U * 512 * 3 - 400;
  std::uint64_t at = kBegin;
  for (const std::uint64_t place : fill(kBegin)) {
    const std::vector<std::uint64_t> places = fill(kBegin);
    std::memset(&ring()[at % kCapacity], 0xff, 4);
    std::memset(&ring()[at % kCapacity + 4], 0, 4);
    expect_told(places);
    at = place;
  }
}

TEST_F(RecordRing, AProducerHearsThatNothingIsReadAnyMore) {
  RecordRingProducer in = producer();
  ASSERT_TRUE(in.push(1, bytes_of("first")));
  const std::uint64_t first = in.written();
  ASSERT_TRUE(in.push(1, bytes_of("second")));
  ring()[first + 3] = std::byte{0x7f};  // a length beyond everything
  RecordRingConsumer out = consumer();
  EXPECT_EQ(text_of(out.next()->payload), "first");
  EXPECT_FALSE(out.next());
  EXPECT_TRUE(out.corrupt());
  // The disk did not take it: it is read once more.
  out.rewind();
  EXPECT_EQ(text_of(out.next()->payload), "first");
  EXPECT_FALSE(out.next());
  out.acknowledge();
  EXPECT_EQ(in.read(), first);
  EXPECT_FALSE(in.corrupt());
  out.abandon();
  EXPECT_EQ(in.read(), first);
  EXPECT_TRUE(in.corrupt());
  EXPECT_FALSE(in.hold());
  EXPECT_FALSE(in.push(1, bytes_of("third")));
  EXPECT_TRUE(producer().corrupt()) << "and so does whoever comes later";
  EXPECT_TRUE(consumer().corrupt());
}

TEST_F(RecordRing, NeverFollowsOverwrittenMemory) {
  Random random(11);
  for (int round = 0; round < 20'000; ++round) {
    SharedArea fresh(record_ring_area_bytes(kCapacity));
    std::memcpy(area.bytes().data(), fresh.bytes().data(), area.bytes().size());
    RecordRingProducer in = producer();
    for (int i = 0; i < 12; ++i)
      (void)in.push(1, bytes_of(std::string(random.below(300), 'x')));
    const std::size_t at =
        random.one_in(3) ? random.below(sizeof(SpscIndices)) : random.below(area.bytes().size());
    const std::size_t count = std::min<std::size_t>(1 + random.below(64), area.bytes().size() - at);
    for (std::size_t i = 0; i < count; ++i)
      area.bytes()[at + i] = static_cast<std::byte>(random.next());
    RecordRingConsumer out = consumer();
    for (int i = 0; i < 100 && out.next(); ++i) {
    }
    out.acknowledge();
    (void)in.read();
    if (in.hold()) (void)in.write_held(1, bytes_of("after"));
  }
}

TEST_F(RecordRing, LosesNothingWherePagesAreMappedAhead) {
  RecordRingProducer in = producer();
  RecordRingConsumer out = consumer();
  for (int round = 0; round < 200; ++round) {
    const std::string text = "record " + std::to_string(round);
    ASSERT_TRUE(in.push(1, bytes_of(text)));
    out.map_ahead();
    const auto record = out.next();
    ASSERT_TRUE(record);
    EXPECT_EQ(text_of(record->payload), text);
    out.map_ahead();
    out.acknowledge();
  }
  indices().written.store(3);
  out.map_ahead();
}

TEST_F(RecordRing, SkipsToWhatIsSafeElsewhere) {
  RecordRingProducer in = producer();
  ASSERT_TRUE(in.push(1, bytes_of("one")));
  const std::uint64_t safe = in.written();
  ASSERT_TRUE(in.push(1, bytes_of("two")));
  RecordRingConsumer out = consumer();
  out.skip_to(safe);
  EXPECT_EQ(text_of(out.next()->payload), "two");
  out.acknowledge();
  // Neither back nor beyond the end.
  out.skip_to(safe);
  EXPECT_FALSE(out.next());
  out.skip_to(in.written() + 64);
  EXPECT_EQ(out.cursor(), in.written());
}

}  // namespace
}  // namespace headrace::core

#include "core/record_ring.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/core/shared_area.h"
#include "tests/core/written_frames.h"

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
  RecordRing() { begin_record_ring(area.bytes(), 5); }

  RecordRingProducer producer() { return {area.bytes(), kRecordBytesMax}; }
  RecordRingConsumer consumer() { return {area.bytes(), kRecordBytesMax}; }
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
  EXPECT_LT(in.read(), in.written());
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
  const std::uint64_t begin = in.written();
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
  EXPECT_EQ(out.damaged(), 0U) << "what the ring's end wastes is no damage";
  EXPECT_GT(written, 1000U);
  EXPECT_GT(in.written() - begin, 100 * kCapacity) << "the ring went round too seldom";
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
  const std::uint64_t first = in.written() % kCapacity;
  ASSERT_TRUE(in.push(1, bytes_of("the first record")));
  ASSERT_TRUE(in.push(1, bytes_of("the second record")));
  ring()[first + 20] ^= std::byte{4};
  RecordRingConsumer out = consumer();
  const auto second = out.next();
  EXPECT_EQ(text_of(second->payload), "the second record");
  EXPECT_TRUE(second->is_whole(bytes_of("the second record")));
  EXPECT_FALSE(second->is_whole(bytes_of("the third record")));
  EXPECT_EQ(out.damaged(), 1U);
  EXPECT_FALSE(out.corrupt());
}

constexpr int kLengths[] = {200, 40, 300, 8, 120};

class DamagedRecordRing : public RecordRing {
 protected:
  // Frames from `place` of the ring on.
  WrittenFrames fill(std::uint64_t place) {
    std::memset(area.bytes().data(), 0, area.bytes().size());
    begin_record_ring(area.bytes(), 5);
    const std::uint64_t begin = indices().written.load() + place;
    indices().read.store(begin);
    indices().written.store(begin);
    WrittenFrames frames(area.bytes(), kRecordBytesMax);
    for (const int bytes : kLengths) {
      const std::string text(static_cast<std::size_t>(bytes), 'x');
      EXPECT_TRUE(frames.write(2, bytes_of(text)));
    }
    return frames;
  }
};

// Amid the ring, and so that its end is passed between two of them.
constexpr std::uint64_t kPlaces[] = {1000, kCapacity - 400};

TEST_F(DamagedRecordRing, CostsNoWholeFrameWhateverIsDamaged) {
  for (const std::uint64_t place : kPlaces) {
    const std::uint64_t bytes = fill(place).written() - fill(place).frames().front().begin();
    for (std::uint64_t at = place; at < place + bytes; ++at) {
      for (const int change : {0x01, 0x80, 0xff}) {
        const WrittenFrames frames = fill(place);
        ring()[at % kCapacity] ^= static_cast<std::byte>(change);
        ASSERT_EQ(frames.complaint(), "") << "byte " << at - place << " by " << change;
      }
    }
  }
}

TEST_F(DamagedRecordRing, CostsNoWholeFrameWhateverLengthIsClaimed) {
  for (const std::uint64_t place : kPlaces) {
    for (std::size_t i = 0; i < std::size(kLengths); ++i) {
      for (const std::uint32_t bytes : {0U, 8U, 64U, 399U, 400U, 401U, 2000U, 0x7fffffffU, ~0U}) {
        const WrittenFrames frames = fill(place);
        std::memcpy(frames.at_place(frames.frames()[i].begin()), &bytes, sizeof bytes);
        EXPECT_EQ(frames.complaint(), "") << "frame " << i << " claims " << bytes;
      }
    }
  }
}

TEST_F(DamagedRecordRing, IsNotLedOnByAFalseSkip) {
  for (const std::uint64_t place : kPlaces) {
    for (std::size_t i = 0; i < std::size(kLengths); ++i) {
      const WrittenFrames frames = fill(place);
      const std::uint64_t mark = 0xffffffff;
      std::memcpy(frames.at_place(frames.frames()[i].begin()), &mark, sizeof mark);
      EXPECT_EQ(frames.complaint(), "") << "instead of frame " << i;
    }
  }
}

TEST_F(DamagedRecordRing, FindsWhatIsBehindADestroyedSkip) {
  const WrittenFrames frames = fill(kCapacity - 400);
  // Two of them stand before the end.
  std::memset(frames.at_place(frames.frames()[1].place), 0x5a, 8);
  EXPECT_EQ(frames.complaint(), "");
}

TEST_F(DamagedRecordRing, CostsNoWholeFrameHoweverMuchIsOverwritten) {
  Random random(23);
  for (int round = 0; round < 20'000; ++round) {
    std::memset(area.bytes().data(), 0, area.bytes().size());
    begin_record_ring(area.bytes(), random.next());
    WrittenFrames frames(area.bytes(), kRecordBytesMax);
    const auto write_some = [&](std::uint64_t count) {
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::string text(random.below(kRecordBytesMax + 1), static_cast<char>(random.next()));
        if (!frames.write(1 + static_cast<std::uint32_t>(random.below(2)), bytes_of(text))) return;
      }
    };
    for (std::uint64_t before = random.below(4); before > 0; --before) {
      write_some(random.below(20));
      frames.drain();
    }
    write_some(1 + random.below(40));
    for (std::uint64_t stretch = 1 + random.below(4); stretch > 0; --stretch) {
      const std::size_t at = random.below(kCapacity);
      const std::size_t bytes = std::min(random.below(600), kCapacity - at);
      const bool copied = random.one_in(3);
      const std::size_t from = random.below(kCapacity - bytes + 1) / 8 * 8;
      if (copied) std::memmove(&ring()[at], &ring()[from], bytes);
      for (std::size_t i = 0; i < bytes && !copied; ++i)
        ring()[at + i] = static_cast<std::byte>(random.next());
    }
    ASSERT_EQ(frames.complaint(), "") << "in round " << round;
  }
}

// A client says what stands in a payload. What would be a frame there, if positions began where it
// thinks, is none.
TEST_F(RecordRing, TakesNothingInAPayloadForAFrame) {
  constexpr std::uint64_t kGuessed = 5 * 4096;
  constexpr std::uint64_t kInPayload = 2 * 16;  // behind the host's head and its own
  const std::string forged = "a million, for another tenant";
  // What its client makes at home, with our program.
  SharedArea home(record_ring_area_bytes(kCapacity));
  const auto begin_at_home = [&](std::uint64_t random) {
    std::memset(home.bytes().data(), 0, home.bytes().size());
    begin_record_ring(home.bytes(), random);
    auto& begun = *reinterpret_cast<SpscIndices*>(home.bytes().data());
    begun.written.store(begun.written.load() + kInPayload);
    begun.read.store(begun.written.load());
    WrittenFrames frames(home.bytes(), kRecordBytesMax);
    EXPECT_TRUE(frames.write(1, bytes_of(forged)));
    const std::vector<std::byte>& bytes = frames.frames().front().bytes;
    return std::string(16, ' ') + text_of(bytes);
  };
  const auto handed_out = [&](std::uint64_t random) {
    std::memset(area.bytes().data(), 0, area.bytes().size());
    begin_record_ring(area.bytes(), random);
    RecordRingProducer in = producer();
    const std::uint64_t begin = in.written();
    EXPECT_TRUE(in.push(1, bytes_of(begin_at_home(kGuessed))));
    EXPECT_TRUE(in.push(1, bytes_of("behind it")));
    ring()[begin % kCapacity + 3] = std::byte{0x7f};
    RecordRingConsumer out = consumer();
    std::vector<std::string> texts;
    while (const auto record = out.next())
      texts.push_back(text_of(record->payload));
    return texts;
  };
  EXPECT_EQ(handed_out(kGuessed), (std::vector<std::string>{forged, "behind it"}))
      << "this is why nobody may know where they begin";
  Random random(3);
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(handed_out(random.next()), std::vector<std::string>{"behind it"});
}

// As an older version left it.
TEST_F(RecordRing, DoesNotSearchWherePositionsMayBeGuessed) {
  for (const bool length : {false, true}) {
    std::memset(area.bytes().data(), 0, area.bytes().size());
    RecordRingProducer in = producer();
    ASSERT_TRUE(in.push(1, bytes_of("first")));
    const std::uint64_t first = in.written();
    ASSERT_TRUE(in.push(1, bytes_of("second")));
    ASSERT_TRUE(in.push(1, bytes_of("third")));
    ring()[first + (length ? 3 : 18)] ^= std::byte{0x7f};
    RecordRingConsumer out = consumer();
    EXPECT_EQ(text_of(out.next()->payload), "first");
    const auto third = out.next();
    EXPECT_EQ(out.corrupt(), length);
    EXPECT_EQ(third.has_value(), !length);
  }
}

// Bytes that look like heads of frames wherever one looks.
class HostileRecordRing : public testing::Test {
 protected:
  static constexpr std::size_t kLongest = 2240;
  static constexpr std::size_t kBytes = std::size_t{1} << 21U;

  HostileRecordRing() {
    begin_record_ring(area.bytes(), 9);
    RecordRingProducer in(area.bytes(), kLongest);
    const std::string text(kLongest, 'x');
    while (in.push(1, bytes_of(text)))
      last = in.written();
    const std::span<std::byte> ring = area.bytes().subspan(sizeof(SpscIndices));
    const std::uint64_t kept = (last - record_ring_footprint(kLongest)) % kBytes;
    const std::uint32_t head[] = {kLongest, 1, 0, 0};
    for (std::size_t at = 0; at < kept; at += sizeof head)
      std::memcpy(&ring[at], head, sizeof head);
  }
  RecordRingConsumer consumer() { return {area.bytes(), kLongest}; }

  SharedArea area{record_ring_area_bytes(kBytes)};
  std::uint64_t last = 0;
};

TEST_F(HostileRecordRing, IsSearchedInPartsThatHaveAnEnd) {
  RecordRingConsumer out = consumer();
  std::uint64_t calls = 1;
  std::uint64_t place = out.cursor();
  auto record = out.next();
  for (; !record && out.amid_damage(); record = out.next(), ++calls) {
    ASSERT_TRUE(out.gap());
    ASSERT_EQ(out.gap()->begin, place);
    place = out.gap()->end;
    // Either way it goes on.
    if (calls == 1) out.acknowledge();
    if (calls == 2) {
      out.rewind();
      place = out.cursor();
      EXPECT_TRUE(out.amid_damage());
    }
  }
  ASSERT_TRUE(record);
  EXPECT_EQ(record->position, last);
  EXPECT_GT(calls, 3U);
  EXPECT_LE(calls, 3 + kBytes / 16 * kLongest / RecordRingConsumer::kLookedAtOnce);
  EXPECT_EQ(out.damaged(), 1U) << "it is one stretch";
}

TEST_F(RecordRing, AProducerHearsThatNothingIsReadAnyMore) {
  RecordRingProducer in = producer();
  ASSERT_TRUE(in.push(1, bytes_of("first")));
  const std::uint64_t first = in.written();
  RecordRingConsumer out = consumer();
  EXPECT_EQ(text_of(out.next()->payload), "first");
  ASSERT_TRUE(in.push(1, bytes_of("second")));
  indices().written.store(first + 2 * kCapacity);
  EXPECT_FALSE(out.next());
  EXPECT_TRUE(out.corrupt());
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
    std::memset(area.bytes().data(), 0, area.bytes().size());
    if (random.one_in(2)) begin_record_ring(area.bytes(), random.next());
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

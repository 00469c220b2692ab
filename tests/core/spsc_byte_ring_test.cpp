#include "core/spsc_byte_ring.h"

#include <cstring>
#include <deque>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace headrace::core {
namespace {

std::string text_of(const SpscByteRecord& record) {
  return {reinterpret_cast<const char*>(record.bytes.data()), record.bytes.size()};
}

struct Seen {
  std::uint32_t kind = 0;
  std::string text;
  friend bool operator==(const Seen&, const Seen&) = default;
  friend void PrintTo(const Seen& seen, std::ostream* out) {
    *out << "kind " << seen.kind << ": " << seen.text;
  }
};

// The oldest record, left in the ring.
std::optional<Seen> look(SpscByteRing& ring) {
  const auto record = ring.consumer().front();
  if (!record) return std::nullopt;
  return Seen{.kind = record->kind, .text = text_of(*record)};
}

std::optional<Seen> take(SpscByteRing& ring) {
  auto seen = look(ring);
  if (seen) ring.consumer().drop_front();
  return seen;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(SpscByteRing, HandsRecordsOverInOrderWithTheirKind) {
  SpscByteRing ring(1024);
  EXPECT_FALSE(take(ring));
  ASSERT_TRUE(ring.producer().push(1, bytes_of("first")));
  ASSERT_TRUE(ring.producer().push(2, {}));
  ASSERT_TRUE(ring.producer().push(3, bytes_of("third")));
  for (const auto& [kind, text] : {std::pair{1U, "first"}, {2U, ""}, {3U, "third"}}) {
    EXPECT_EQ(take(ring), (Seen{.kind = kind, .text = text}));
  }
  EXPECT_FALSE(take(ring));
}

TEST(SpscByteRing, SaysWhetherItHoldsMoreThanSoMuchAsFarAsItIsRead) {
  SpscByteRing ring(1024);
  EXPECT_FALSE(ring.producer().holds_more_than(0));
  const std::string text(100, 'x');
  ASSERT_TRUE(ring.producer().push(1, bytes_of(text)));
  ASSERT_TRUE(ring.producer().push(1, bytes_of(text)));
  EXPECT_TRUE(ring.producer().holds_more_than(199));
  EXPECT_FALSE(ring.producer().holds_more_than(300));
  ASSERT_TRUE(take(ring));
  EXPECT_FALSE(ring.producer().holds_more_than(199));
  EXPECT_TRUE(ring.producer().holds_more_than(99));
}

TEST(SpscByteRing, TakesTheLongestRecordWhateverThePosition) {
  for (std::size_t offset = 0; offset < 1024; offset += 8) {
    SpscByteRing ring(1024);
    for (std::size_t at = 0; at < offset; at += 8) {
      ASSERT_TRUE(ring.producer().push(0, {}));
      ASSERT_TRUE(take(ring));
    }
    const std::string longest(ring.producer().record_bytes_max(), 'x');
    EXPECT_FALSE(ring.producer().push(1, bytes_of(longest + "x")));
    ASSERT_TRUE(ring.producer().push(1, bytes_of(longest))) << offset;
    EXPECT_EQ(take(ring), (Seen{.kind = 1, .text = longest}));
    EXPECT_FALSE(ring.consumer().corrupt());
  }
}

TEST(SpscByteRing, RefusesWhenFullAndLosesNothing) {
  SpscByteRing ring(1024);
  int pushed = 0;
  const std::string text(100, 'a');
  while (ring.producer().push(static_cast<std::uint32_t>(pushed), bytes_of(text)))
    ++pushed;
  EXPECT_EQ(pushed, 1024 / 112);
  for (int i = 0; i < pushed; ++i) {
    EXPECT_EQ(take(ring), (Seen{.kind = static_cast<std::uint32_t>(i), .text = text}));
  }
  EXPECT_TRUE(ring.producer().push(0, bytes_of(text)));
}

TEST(SpscByteRing, AReservedRecordMayTurnOutShorter) {
  SpscByteRing ring(1024);
  const std::span<std::byte> room = ring.producer().reserve(400);
  ASSERT_EQ(room.size(), 400U);
  std::memcpy(room.data(), "abc", 3);
  EXPECT_FALSE(ring.consumer().front()) << "not before it is committed";
  ring.producer().commit(5, 3);
  EXPECT_EQ(look(ring), (Seen{.kind = 5, .text = "abc"}));
  EXPECT_EQ(ring.producer().reserve(400).size(), 400U) << "the rest of the room is free again";
}

TEST(SpscByteRing, AReservationNotCommittedIsNeverSeen) {
  SpscByteRing ring(1024);
  // So that it skips to the beginning.
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(ring.producer().push(0, bytes_of(std::string(200, 'x'))));
    ASSERT_TRUE(take(ring));
  }
  ASSERT_FALSE(ring.producer().reserve(400).empty());
  ASSERT_TRUE(ring.producer().push(9, bytes_of("other")));
  EXPECT_EQ(take(ring), (Seen{.kind = 9, .text = "other"}));
}

TEST(SpscByteRing, RandomRecordsComeOutAsTheyWentIn) {
  Random random(5);
  SpscByteRing ring(4096);
  std::deque<Seen> expected;
  for (int step = 0; step < 20'000; ++step) {
    if (random.one_in(2)) {
      std::string text(random.below(ring.producer().record_bytes_max() / 4), ' ');
      for (char& c : text)
        c = static_cast<char>(random.next());
      const auto kind = static_cast<std::uint32_t>(step);
      if (ring.producer().push(kind, bytes_of(text))) expected.push_back({kind, text});
    } else {
      const auto seen = take(ring);
      ASSERT_EQ(seen.has_value(), !expected.empty());
      if (expected.empty()) continue;
      ASSERT_EQ(seen, expected.front());
      expected.pop_front();
    }
  }
}

TEST(SpscByteRing, DamagedMemoryIsToldAndNeverFollowed) {
  Random random(17);
  for (int round = 0; round < 5'000; ++round) {
    SpscIndices indices;
    // Exactly as long as the ring, on the heap: a byte beyond is found by the address sanitizer.
    std::vector<std::uint64_t> words(1024 / 8);
    const auto memory = std::as_writable_bytes(std::span(words));
    SpscByteProducer producer(indices, memory);
    for (int i = 0; i < 5; ++i)
      (void)producer.push(1, bytes_of(std::string(random.below(300), 'x')));
    for (int i = 0; i < 8; ++i) {
      memory[random.below(memory.size())] = static_cast<std::byte>(random.next());
    }
    if (random.one_in(3)) indices.written.store(random.next() >> random.below(64));
    SpscByteConsumer consumer(indices, memory);
    std::size_t seen = 0;
    std::size_t sum = 0;
    while (const auto record = consumer.front()) {
      for (const std::byte byte : record->bytes)
        sum += std::to_integer<std::size_t>(byte);
      consumer.drop_front();
      ASSERT_LT(++seen, 200U);
    }
    EXPECT_GE(sum, 0U);
    if (consumer.corrupt()) {
      EXPECT_FALSE(consumer.front()) << "for good";
    }
  }
}

TEST(SpscByteRing, FindsEachKindOfDamage) {
  const auto is_corrupt = [](std::uint64_t written, std::uint64_t read, SpscByteHead first) {
    SpscIndices indices;
    std::vector<std::uint64_t> words(1024 / 8);
    indices.written.store(written);
    indices.read.store(read);
    std::memcpy(&words[(read % 1024) / 8], &first, sizeof(first));
    SpscByteConsumer consumer(indices, std::as_bytes(std::span(words)));
    return !consumer.front() && consumer.corrupt();
  };
  EXPECT_FALSE(is_corrupt(16, 0, {.bytes = 8, .kind = 0}));
  EXPECT_TRUE(is_corrupt(16, 0, {.bytes = 9, .kind = 0})) << "reaches beyond what was written";
  EXPECT_TRUE(is_corrupt(1032, 0, {.bytes = 8, .kind = 0})) << "more written than there is room";
  EXPECT_TRUE(is_corrupt(12, 0, {.bytes = 0, .kind = 0})) << "not aligned";
  EXPECT_TRUE(is_corrupt(20, 4, {.bytes = 0, .kind = 0})) << "not aligned";
  EXPECT_TRUE(is_corrupt(0, 8, {.bytes = 0, .kind = 0})) << "read more than written";
  EXPECT_TRUE(is_corrupt(1024 + 512, 1016, {.bytes = 8, .kind = 0})) << "crosses the end";
  EXPECT_TRUE(is_corrupt(1024, 512, {.bytes = UINT32_MAX, .kind = 0}))
      << "skips beyond the written";
}

TEST(SpscByteRing, HandsEveryRecordOverBetweenTwoThreads) {
  constexpr std::uint32_t kRecords = 50'000;
  SpscByteRing ring(4096);
  std::thread producing([&ring] {
    for (std::uint32_t i = 0; i < kRecords; ++i) {
      const std::string text(i % 97, static_cast<char>(i));
      while (!ring.producer().push(i, bytes_of(text)))
        std::this_thread::yield();
    }
  });
  for (std::uint32_t i = 0; i < kRecords; ++i) {
    auto seen = take(ring);
    while (!seen) {
      std::this_thread::yield();
      seen = take(ring);
    }
    ASSERT_EQ(seen, (Seen{.kind = i, .text = std::string(i % 97, static_cast<char>(i))}));
  }
  producing.join();
}

TEST(SpscByteRingDeathTest, FindsMistakes) {
  SpscByteRing ring(1024);
  EXPECT_DEATH(ring.producer().commit(0, 1), "not reserved");
  EXPECT_DEATH(
      {
        (void)ring.producer().reserve(8);
        ring.producer().commit(0, 9);
      },
      "longer than was reserved");
  EXPECT_DEATH(ring.consumer().drop_front(), "not looked at");
}

}  // namespace
}  // namespace headrace::core

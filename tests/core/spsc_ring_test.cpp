#include "core/spsc_ring.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

TEST(SpscRing, KeepsOrderAndRefusesAtItsCapacity) {
  SpscRing<int> ring(4);
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(ring.producer().push(i));
  EXPECT_FALSE(ring.producer().push(4));
  EXPECT_EQ(ring.producer().room(), 0U);
  int value = -1;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(ring.consumer().pop(value));
    EXPECT_EQ(value, i);
  }
  EXPECT_FALSE(ring.consumer().pop(value));
  EXPECT_TRUE(ring.consumer().empty());
}

TEST(SpscRing, RoundsItsCapacityUpToAPowerOfTwo) {
  for (const auto& [asked, got] : {std::pair{1, 1}, {2, 2}, {3, 4}, {5, 8}, {1000, 1024}}) {
    SpscRing<int> ring(static_cast<std::size_t>(asked));
    int pushed = 0;
    while (ring.producer().push(pushed))
      ++pushed;
    EXPECT_EQ(pushed, got);
  }
}

TEST(SpscRing, FrontShowsARecordUntilItIsDropped) {
  SpscRing<int> ring(2);
  EXPECT_EQ(ring.consumer().front(), nullptr);
  ASSERT_TRUE(ring.producer().push(1));
  ASSERT_TRUE(ring.producer().push(2));
  EXPECT_EQ(*ring.consumer().front(), 1);
  EXPECT_FALSE(ring.producer().push(3)) << "a record that is looked at keeps its place";
  ring.consumer().drop_front();
  EXPECT_TRUE(ring.producer().push(3));
  EXPECT_EQ(*ring.consumer().front(), 2);
}

TEST(SpscRing, EndsGoOnWhereEarlierOnesStopped) {
  SpscIndices indices;
  std::vector<int> records(4);
  {
    SpscProducer<int> producer(indices, records);
    for (int i = 0; i < 3; ++i)
      ASSERT_TRUE(producer.push(i));
    SpscConsumer<int> consumer(indices, records);
    int value = 0;
    ASSERT_TRUE(consumer.pop(value));
  }
  SpscProducer<int> producer(indices, records);
  EXPECT_EQ(producer.room(), 2U);
  ASSERT_TRUE(producer.push(3));
  SpscConsumer<int> consumer(indices, records);
  for (int expected = 1; expected <= 3; ++expected) {
    int value = 0;
    ASSERT_TRUE(consumer.pop(value));
    EXPECT_EQ(value, expected);
  }
}

TEST(SpscRing, AnIndexOutOfBoundsIsNotFollowed) {
  for (const std::uint64_t bad : {std::uint64_t{5}, std::uint64_t{1} << 40U, UINT64_MAX / 2}) {
    SpscIndices indices;
    std::vector<int> records(4);
    SpscConsumer<int> consumer(indices, records);
    indices.written.store(bad);
    EXPECT_TRUE(consumer.empty()) << bad;
    EXPECT_TRUE(consumer.corrupt());

    indices.written.store(0);
    indices.read.store(bad);
    SpscProducer<int> producer(indices, records);
    EXPECT_EQ(producer.room(), 0U) << bad;
    EXPECT_FALSE(producer.push(1));
    EXPECT_TRUE(producer.corrupt());
  }
}

TEST(SpscRing, HandsEveryRecordOverBetweenTwoThreads) {
  struct Record {
    std::uint64_t number;
    std::uint64_t twice;
  };
  constexpr std::uint64_t kRecords = 200'000;
  SpscRing<Record> ring(64);
  std::thread producing([&ring] {
    for (std::uint64_t i = 0; i < kRecords; ++i) {
      while (!ring.producer().push({i, 2 * i}))
        std::this_thread::yield();
    }
  });
  for (std::uint64_t i = 0; i < kRecords; ++i) {
    Record record{};
    while (!ring.consumer().pop(record))
      std::this_thread::yield();
    ASSERT_EQ(record.number, i);
    ASSERT_EQ(record.twice, 2 * i);
  }
  producing.join();
  EXPECT_TRUE(ring.consumer().empty());
}

}  // namespace
}  // namespace headrace::core

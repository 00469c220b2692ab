#include "core/cache/cache_store.h"

#include <cstring>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "core/cache/cache_builder.h"
#include "core/cache/cache_partition.h"
#include "tests/core/cache/cache_entries.h"

namespace headrace::core {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

class CacheStoreTest : public testing::Test {
 protected:
  void put(std::uint64_t number, std::size_t bytes, Instant now = kCacheTestStart) {
    const CacheHold hold =
        build_entry(store, home, cache_key(number), cache_body(number, bytes), now);
    ASSERT_TRUE(hold);
    ASSERT_TRUE(home.insert(hold, now));
  }
  bool has(std::uint64_t number, Instant now = kCacheTestStart) {
    return static_cast<bool>(store.find(cache_key(number), now));
  }

  CacheStore store{kMiB, 1};
  CachePartition home{store, 0};
};

TEST_F(CacheStoreTest, WhatWasPutInIsFoundByteForByteWithItsNote) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, kCacheBlockBytes - 14,
                                  kCacheBlockBytes, 5 * kCacheBlockBytes + 3}) {
    SCOPED_TRACE(bytes);
    put(bytes, bytes);
    const CacheHold hold = store.find(cache_key(bytes), kCacheTestStart);
    ASSERT_TRUE(hold);
    EXPECT_EQ(body_of(hold), cache_body(bytes, bytes));
    std::uint64_t note = 0;
    ASSERT_EQ(hold.note().size(), sizeof note);
    std::memcpy(&note, hold.note().data(), sizeof note);
    EXPECT_EQ(note, bytes);
    EXPECT_EQ(hold.scope(), "tenant");
    EXPECT_EQ(hold.stored_at(), kCacheTestStart);
  }
}

TEST_F(CacheStoreTest, EveryPartOfTheKeyConfirms) {
  put(7, 100);
  const CacheKey right = cache_key(7);
  EXPECT_TRUE(store.find(right, kCacheTestStart));
  // The same hash with anything else different: a collision, by accident or made.
  CacheKey other = right;
  other.scope = "tenanu";
  EXPECT_FALSE(store.find(other, kCacheTestStart));
  other.scope = "tenan";
  EXPECT_FALSE(store.find(other, kCacheTestStart));
  other.scope = "";
  EXPECT_FALSE(store.find(other, kCacheTestStart));
  other = right;
  other.tag[0] ^= 1;
  EXPECT_FALSE(store.find(other, kCacheTestStart));
  other = right;
  other.tag[1] ^= std::uint64_t{1} << 63U;
  EXPECT_FALSE(store.find(other, kCacheTestStart));
  other = right;
  ++other.length;
  EXPECT_FALSE(store.find(other, kCacheTestStart));
  other = right;
  other.hash.high ^= 1;
  EXPECT_FALSE(store.find(other, kCacheTestStart));
}

TEST_F(CacheStoreTest, OneHashOfTwoScopesIsTwoEntries) {
  CacheKey one = cache_key(1, "one");
  CacheKey two = cache_key(1, "two");
  two.hash = one.hash;
  two.tag = one.tag;
  two.length = one.length;
  ASSERT_TRUE(home.insert(build_entry(store, home, one, cache_body(1, 50)), kCacheTestStart));
  ASSERT_TRUE(home.insert(build_entry(store, home, two, cache_body(2, 60)), kCacheTestStart));
  EXPECT_EQ(body_of(store.find(one, kCacheTestStart)), cache_body(1, 50));
  EXPECT_EQ(body_of(store.find(two, kCacheTestStart)), cache_body(2, 60));
  EXPECT_EQ(home.entries(), 2U);
}

TEST_F(CacheStoreTest, AnEntryLivesUpToItsEndAndNotAMomentLonger) {
  put(1, 10);
  EXPECT_TRUE(has(1, kCacheTestStart + kCacheTestLife - Duration(1)));
  EXPECT_FALSE(has(1, kCacheTestStart + kCacheTestLife));
}

TEST_F(CacheStoreTest, ANewerAnswerTakesThePlaceOfTheOlderOne) {
  put(1, 3000);
  const CacheHold old = store.find(cache_key(1), kCacheTestStart);
  ASSERT_TRUE(
      home.insert(build_entry(store, home, cache_key(1), cache_body(9, 5)), kCacheTestStart));
  EXPECT_EQ(body_of(store.find(cache_key(1), kCacheTestStart)), cache_body(9, 5));
  EXPECT_EQ(body_of(old), cache_body(1, 3000)) << "who reads it still has it";
  EXPECT_EQ(home.entries(), 1U);
  EXPECT_EQ(home.statistics().replaced.value(), 1U);
}

TEST_F(CacheStoreTest, ASlowReaderOfAnEvictedEntryKeepsItsBytes) {
  put(1, 10'000);
  std::optional<CacheHold> reader = store.find(cache_key(1), kCacheTestStart);
  ASSERT_TRUE(*reader);
  ASSERT_EQ(body_of(*reader), cache_body(1, 10'000));
  while (home.evict_one(kCacheTestStart)) {
  }
  EXPECT_FALSE(has(1));
  // Everything that is free is used by others meanwhile.
  for (std::uint64_t number = 2; number < 2'000; ++number)
    put(number, 1'500);
  EXPECT_EQ(body_of(*reader), cache_body(1, 10'000));
  const std::uint32_t taken = store.memory().blocks_taken();
  reader.reset();
  EXPECT_EQ(store.memory().blocks_taken(), taken - 5) << "the last one gives it back";
}

TEST_F(CacheStoreTest, NeverTakesMoreThanItsMemory) {
  for (std::uint64_t number = 0; number < 3'000; ++number) {
    put(number, 1 + number % 7'000);
    ASSERT_LE(home.blocks(), store.partition_blocks());
    ASSERT_LE(store.memory().blocks_taken(), store.memory().capacity());
  }
  EXPECT_GT(home.statistics().evicted.value(), 1'000U);
  EXPECT_EQ(home.statistics().blocks.value(), home.blocks());
  EXPECT_LT(std::uint64_t{store.memory().capacity()} * kCacheBlockBytes, kMiB);
}

TEST_F(CacheStoreTest, SparesWhatWasAskedFor) {
  for (std::uint64_t number = 0; number < 5'000; ++number) {
    put(number, 1'000);
    EXPECT_TRUE(has(0)) << number;  // asked for all the time
  }
  EXPECT_FALSE(has(10));
}

TEST_F(CacheStoreTest, ExpiredEntriesGoBeforeOthersThatWereNotVisited) {
  put(1, 10, kCacheTestStart - kCacheTestLife);
  put(2, 10);
  EXPECT_TRUE(has(2));
  EXPECT_TRUE(home.evict_one(kCacheTestStart));
  EXPECT_EQ(home.statistics().expired.value(), 1U);
  EXPECT_TRUE(has(2));
}

// Entries of one hash, which all stand in the same two buckets.
class FullBuckets : public CacheStoreTest {
 protected:
  static constexpr std::uint64_t kPlaces = 2 * kIndexBucketWords;

  static CacheKey key(std::uint64_t number) {
    CacheKey key = cache_key(number);
    key.hash = {.low = std::uint64_t{1} << 32U, .high = 7};
    return key;
  }
  void put(std::uint64_t number, Instant stored_at = kCacheTestStart) {
    const CacheHold hold = build_entry(store, home, key(number), cache_body(number, 10), stored_at);
    ASSERT_TRUE(hold);
    ASSERT_TRUE(home.insert(hold, kCacheTestStart));
  }
  bool ask(std::uint64_t number) {
    return static_cast<bool>(store.find(key(number), kCacheTestStart));
  }
};

TEST_F(FullBuckets, OneThatIsOverMakesRoomFirst) {
  for (std::uint64_t number = 0; number < kPlaces; ++number)
    put(number, number == 3 ? kCacheTestStart - kCacheTestLife : kCacheTestStart);
  EXPECT_EQ(home.entries(), kPlaces);
  put(kPlaces);
  EXPECT_EQ(home.entries(), kPlaces);
  EXPECT_EQ(home.statistics().expired.value(), 1U);
  EXPECT_EQ(home.statistics().evicted.value(), 0U);
  for (std::uint64_t number = 0; number <= kPlaces; ++number)
    EXPECT_EQ(ask(number), number != 3) << number;
}

TEST_F(FullBuckets, ThenOneThatNobodyAskedForAndThenAnyOther) {
  for (std::uint64_t number = 0; number < kPlaces; ++number) {
    put(number);
    EXPECT_TRUE(number == 5 || ask(number)) << number;
  }
  put(kPlaces);
  EXPECT_FALSE(ask(5));
  for (std::uint64_t number = 0; number <= kPlaces; ++number)
    EXPECT_EQ(ask(number), number != 5) << number;
  put(kPlaces + 1);
  EXPECT_TRUE(ask(kPlaces + 1)) << "what is new is found, whoever had to go";
  EXPECT_EQ(home.entries(), kPlaces);
  EXPECT_EQ(home.statistics().evicted.value(), 2U);
  EXPECT_EQ(home.statistics().entries.value(), static_cast<std::int64_t>(kPlaces));
}

TEST_F(CacheStoreTest, ABuilderThatMovesTakesWhatItHasBuiltAlong) {
  const auto body = cache_body(1, 3'000);
  const auto start = [&](CacheBuilder& builder) {
    ASSERT_EQ(builder.start(store, home, cache_key(1), 0, SIZE_MAX, kCacheTestStart),
              CacheBuilder::Status::ok);
  };
  CacheBuilder first;
  start(first);
  ASSERT_EQ(first.append(std::span(body).first(1'000), kCacheTestStart), CacheBuilder::Status::ok);
  CacheBuilder second;
  start(second);
  second = std::move(first);  // what it was building itself is given back
  EXPECT_EQ(store.memory().entries_taken(), 1U);
  ASSERT_EQ(second.append(std::span(body).subspan(1'000), kCacheTestStart),
            CacheBuilder::Status::ok);
  const CacheHold hold = second.finish({}, kCacheTestStart, kCacheTestStart + kCacheTestLife);
  EXPECT_EQ(body_of(hold), body);
}

TEST_F(CacheStoreTest, ABuilderHoldsToItsBoundAndLeavesNothing) {
  const auto body = cache_body(1, 4'001);
  for (const std::size_t bytes : {std::size_t{4'000}, std::size_t{4'001}}) {
    CacheBuilder builder;
    ASSERT_EQ(builder.start(store, home, cache_key(1), 0, 4'000, kCacheTestStart),
              CacheBuilder::Status::ok);
    const auto status = builder.append(std::span(body).first(bytes), kCacheTestStart);
    EXPECT_EQ(status, bytes == 4'000 ? CacheBuilder::Status::ok : CacheBuilder::Status::too_large);
    EXPECT_EQ(builder.active(), bytes == 4'000);
  }
  EXPECT_EQ(store.memory().blocks_taken(), 0U);
  EXPECT_EQ(store.memory().entries_taken(), 0U);
}

TEST_F(CacheStoreTest, OneEntryNeverTakesMoreThanAQuarterOfAPartition) {
  const std::size_t largest = store.entry_bytes_max();
  EXPECT_LE(largest, store.partition_blocks() * kCacheBlockBytes / 4);
  EXPECT_TRUE(build_entry(store, home, cache_key(1), cache_body(1, largest)));
  EXPECT_FALSE(build_entry(store, home, cache_key(1), cache_body(1, largest + 1)));
}

TEST_F(CacheStoreTest, WhereMemoryIsShortABuilderSendsEntriesOfItsOwnPartitionAway) {
  std::vector<CacheHold> slow;
  for (std::uint64_t number = 0; number < 40; ++number) {
    put(number, 10'000);
    slow.push_back(store.find(cache_key(number), kCacheTestStart));
  }
  // What is evicted stays with its readers, so there is an end to it.
  std::vector<CacheHold> building;
  for (std::uint64_t number = 100;; ++number) {
    CacheHold hold = build_entry(store, home, cache_key(number), cache_body(number, 10'000));
    if (!hold) break;
    building.push_back(std::move(hold));
  }
  EXPECT_FALSE(building.empty());
  EXPECT_LT(home.entries(), 40U);
  building.clear();
  slow.clear();
  home.clear();
  EXPECT_EQ(store.memory().blocks_taken(), 0U);
  put(1, 10'000);
  EXPECT_TRUE(has(1));
}

}  // namespace
}  // namespace headrace::core

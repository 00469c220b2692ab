#include "core/last_use_table.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace headrace::core {
namespace {

constexpr std::uint64_t kNow = 1'800'000'000;

std::uint64_t identity(std::uint64_t bucket, std::uint64_t fingerprint) {
  return bucket << 32U | fingerprint;
}

TEST(LastUseTable, RemembersTheLatestUse) {
  std::vector<LastUseBucket> buckets(4);
  LastUseTable table{std::span(buckets)};
  const std::uint64_t one = 0x0123456789abcdef;
  const std::uint64_t other = 0x0123456789abcdee;
  EXPECT_EQ(table.last_use(one), 0U);
  table.note(one, kNow);
  EXPECT_EQ(table.last_use(one), kNow);
  EXPECT_EQ(table.last_use(other), 0U);
  table.note(one, kNow + 5);
  EXPECT_EQ(table.last_use(one), kNow + 5);
  table.note(one, kNow + 4);
  EXPECT_EQ(table.last_use(one), kNow + 5) << "a clock that was behind";
  EXPECT_EQ(LastUseTable{std::span(buckets)}.last_use(one), kNow + 5);
}

TEST(LastUseTable, WritesNothingWithinASecond) {
  constexpr std::size_t kPage = 4096;
  void* page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  LastUseTable table{std::span(static_cast<LastUseBucket*>(page), kPage / sizeof(LastUseBucket))};
  table.note(7, kNow);
  // Whoever writes now ends the test.
  ASSERT_EQ(::mprotect(page, kPage, PROT_READ), 0);
  table.note(7, kNow);
  table.note(7, kNow - 1);
  EXPECT_EQ(table.last_use(7), kNow);
  ::munmap(page, kPage);
}

TEST(LastUseTable, ForgetsWhatWasUsedLongestAgo) {
  std::vector<LastUseBucket> buckets(1);
  LastUseTable table{std::span(buckets)};
  for (std::uint64_t i = 0; i < LastUseBucket::kWords; ++i)
    table.note(identity(0, i + 1), kNow + (i == 3 ? 0 : i + 1));
  table.note(identity(0, 100), kNow + 50);
  EXPECT_EQ(table.last_use(identity(0, 100)), kNow + 50);
  EXPECT_EQ(table.last_use(identity(0, 4)), 0U);
  for (const std::uint64_t kept : {1U, 2U, 3U, 5U, 6U, 7U, 8U})
    EXPECT_EQ(table.last_use(identity(0, kept)), kNow + kept);
}

TEST(LastUseTable, UsesEveryBucketOfAnyNumberAndNoOther) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
    std::vector<LastUseBucket> buckets(count);
    LastUseTable table{std::span(buckets)};
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t upper = (i * (std::uint64_t{1} << 32U) + count - 1) / count;
      table.note(identity(upper, 9), kNow + i);
      EXPECT_EQ(buckets[i].words[0].load(), std::uint64_t{9} << 32U | (kNow + i));
    }
    table.note(UINT64_MAX, kNow);
    EXPECT_EQ(table.last_use(UINT64_MAX), kNow);
  }
}

TEST(LastUseTable, HasNoUseForAnythingWithoutMemory) {
  LastUseTable table;
  table.note(1, kNow);
  EXPECT_EQ(table.last_use(1), 0U);
}

TEST(LastUseTable, OddIdentitiesAndTimesAreLikeOthers) {
  std::vector<LastUseBucket> buckets(2);
  LastUseTable table{std::span(buckets)};
  table.note(0, 0);
  EXPECT_EQ(table.last_use(0), 1U);
  table.note(0, UINT64_MAX);
  EXPECT_EQ(table.last_use(0), UINT32_MAX);
}

TEST(LastUseTable, ManyThreadsLeaveTheLatestUseOfEach) {
  constexpr std::uint64_t kThings = 6;
  constexpr std::uint64_t kUses = 20'000;
  std::vector<LastUseBucket> buckets(1);
  LastUseTable table{std::span(buckets)};
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (std::uint64_t use = 0; use < kUses; ++use)
        table.note(1 + use % kThings, kNow + use / 100);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  // What was lost to somebody else's write in the same moment is noted by the next use.
  for (std::uint64_t thing = 1; thing <= kThings; ++thing) {
    table.note(thing, kNow + kUses / 100);
    EXPECT_EQ(table.last_use(thing), kNow + kUses / 100);
  }
}

}  // namespace
}  // namespace headrace::core

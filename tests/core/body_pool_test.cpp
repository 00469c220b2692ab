#include "core/body_pool.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/core/process_memory.h"

namespace headrace::core {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

TEST(BodyPool, GivesAtLeastWhatWasAskedPaddedOnBothSides) {
  BodyBudget budget(64 * kMiB);
  BodyPool pool(budget, 5 * kMiB);
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, 16 * kKiB, 16 * kKiB + 1, 100 * kKiB, kMiB, 5 * kMiB}) {
    BufferLease lease = pool.take(bytes);
    ASSERT_TRUE(lease) << bytes;
    EXPECT_GE(lease.size(), bytes);
    EXPECT_LE(lease.size(), std::max(2 * bytes, BodyPool::kSmallestBytes));
    std::memset(lease.data() - kBufferHeadroom, 1, kBufferHeadroom + lease.size() + kBufferPadding);
  }
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(BodyPool, RefusesBodiesAboveTheMaximum) {
  BodyBudget budget(64 * kMiB);
  BodyPool pool(budget, kMiB);
  EXPECT_TRUE(pool.take(kMiB));
  EXPECT_FALSE(pool.take(kMiB + 1));
  EXPECT_FALSE(pool.take(SIZE_MAX));
}

TEST(BodyPool, ExhaustionIsAnEmptyLeaseAndEnds) {
  BodyBudget budget(4 * kMiB);
  BodyPool pool(budget, kMiB);
  std::vector<BufferLease> leases;
  for (;;) {
    BufferLease lease = pool.take(kMiB);
    if (!lease) break;
    leases.push_back(std::move(lease));
    ASSERT_LE(leases.size(), 4U);
  }
  EXPECT_EQ(leases.size(), 3U) << "each takes its headroom and padding too";
  EXPECT_LE(budget.bytes_taken(), budget.bytes_max());
  EXPECT_TRUE(pool.take(16 * kKiB)) << "small bodies still fit beside";
  leases.pop_back();
  EXPECT_TRUE(pool.take(kMiB));
}

TEST(BodyPool, ReusesTheLastBufferGivenBack) {
  BodyBudget budget(16 * kMiB);
  BodyPool pool(budget, kMiB);
  BufferLease one = pool.take(100 * kKiB);
  BufferLease two = pool.take(100 * kKiB);
  const std::byte* hottest = one.data();
  two.reset();
  one.reset();
  const std::size_t taken = budget.bytes_taken();
  BufferLease again = pool.take(120 * kKiB);
  EXPECT_EQ(again.data(), hottest);
  EXPECT_EQ(budget.bytes_taken(), taken) << "reuse of a kept buffer does not touch the budget";
}

TEST(BodyPool, KeptBuffersOfOtherSizesMakeRoom) {
  BodyBudget budget(4 * kMiB);
  BodyPool pool(budget, 2 * kMiB);
  {
    std::vector<BufferLease> small;
    for (int i = 0; i < 100; ++i) {
      small.push_back(pool.take(16 * kKiB));
      ASSERT_TRUE(small.back());
    }
  }
  EXPECT_GT(pool.bytes_kept(), std::size_t{kMiB});
  BufferLease one = pool.take(2 * kMiB);
  EXPECT_TRUE(one);
  BufferLease two = pool.take(kMiB);
  EXPECT_TRUE(two);
  EXPECT_LE(budget.bytes_taken(), budget.bytes_max());
  EXPECT_EQ(budget.bytes_taken(), pool.bytes_in_use() + pool.bytes_kept());
}

TEST(BodyPool, GrowKeepsTheBytesAndGivesTheOldBufferBack) {
  BodyBudget budget(16 * kMiB);
  BodyPool pool(budget, kMiB);
  BufferLease body = pool.take(10);
  std::size_t used = 0;
  for (std::size_t size = body.size(); size < kMiB; size = body.size()) {
    for (; used < size; ++used)
      body.data()[used] = static_cast<std::byte>(used * 7);
    body = pool.grow(body, used, size + 1);
    ASSERT_TRUE(body);
  }
  for (std::size_t at = 0; at < used; ++at) {
    ASSERT_EQ(body.data()[at], static_cast<std::byte>(at * 7)) << at;
  }
  EXPECT_EQ(pool.in_use(), 1U);
}

TEST(BodyPool, GrowLeavesTheBodyAsItIsWhenThereIsNoRoom) {
  BodyBudget budget(2 * kMiB);
  BodyPool pool(budget, kMiB);
  BufferLease body = pool.take(16 * kKiB);
  body.data()[0] = std::byte{42};
  BufferLease all = pool.take(kMiB);
  EXPECT_FALSE(pool.grow(body, 1, kMiB));
  EXPECT_FALSE(pool.grow(body, 1, kMiB + 1)) << "above the maximum";
  EXPECT_TRUE(body);
  EXPECT_EQ(body.data()[0], std::byte{42});
}

TEST(BodyPool, ReleasesWhatLayIdleButNotWhatIsInUseAllTheTime) {
  BodyBudget budget(64 * kMiB);
  BodyPool pool(budget, kMiB);
  {
    BufferLease one = pool.take(kMiB);
    BufferLease two = pool.take(kMiB);
    BufferLease three = pool.take(kMiB);
  }
  pool.release_idle(SIZE_MAX);
  {
    BufferLease used = pool.take(kMiB);
  }
  const std::size_t kept = pool.bytes_kept();
  pool.release_idle(SIZE_MAX);
  EXPECT_EQ(pool.bytes_kept(), kept / 3) << "the one needed since stays";
  pool.release_idle(SIZE_MAX);
  EXPECT_EQ(pool.bytes_kept(), 0U);
  EXPECT_EQ(budget.bytes_taken(), 0U);
}

TEST(BodyPool, ReleasesInBoundedSteps) {
  BodyBudget budget(64 * kMiB);
  BodyPool pool(budget, kMiB);
  {
    std::array<BufferLease, 10> leases;
    for (BufferLease& lease : leases)
      lease = pool.take(kMiB);
  }
  pool.release_idle(SIZE_MAX);
  const std::size_t kept = pool.bytes_kept();
  pool.release_idle(3 * kMiB);
  EXPECT_EQ(pool.bytes_kept(), kept / 10 * 8);
}

TEST(BodyPool, ReleasedPagesGoBackToTheSystem) {
#if defined(HEADRACE_SANITIZED)
  GTEST_SKIP() << "a sanitizer's shadow memory hides what is resident";
#endif
  BodyBudget budget(128 * kMiB);
  BodyPool pool(budget, 32 * kMiB);
  BufferLease body = pool.take(32 * kMiB);
  const std::size_t before = resident_bytes();
  std::memset(body.data(), 1, body.size());
  EXPECT_GT(resident_bytes() - before, 30 * kMiB);
  body.reset();
  EXPECT_GT(resident_bytes() - before, 30 * kMiB) << "kept hot";
  pool.release_idle(SIZE_MAX);
  pool.release_idle(SIZE_MAX);
  EXPECT_LT(resident_bytes(), before + 2 * kMiB);
}

TEST(BodyPool, AnotherShardsNeedMakesThisOneReleaseAllItKeeps) {
  BodyBudget budget(3 * kMiB);
  BodyPool hoarder(budget, kMiB);
  BodyPool needy(budget, kMiB);
  {
    BufferLease one = hoarder.take(kMiB);
    BufferLease two = hoarder.take(kMiB);
  }
  EXPECT_FALSE(needy.take(kMiB));
  hoarder.release_idle(SIZE_MAX);
  EXPECT_TRUE(needy.take(kMiB));
}

TEST(BodyBudget, IsNeverExceededByShardsThatTakeAtTheSameTime) {
  BodyBudget budget(8 * kMiB);
  std::array<std::thread, 2> shards;
  for (std::thread& shard : shards) {
    shard = std::thread([&budget] {
      BodyPool pool(budget, kMiB);
      for (int round = 0; round < 300; ++round) {
        std::vector<BufferLease> leases;
        for (int i = 0; i < 6; ++i) {
          BufferLease lease = pool.take(kMiB);
          if (lease) leases.push_back(std::move(lease));
        }
        pool.release_idle(SIZE_MAX);
        // A take that is refused shows for a moment, at most one body of each shard.
        ASSERT_LE(pool.bytes_in_use() + pool.bytes_kept(), budget.bytes_max());
      }
    });
  }
  for (std::thread& shard : shards)
    shard.join();
  EXPECT_EQ(budget.bytes_taken(), 0U);
}

TEST(BodyPoolDeathTest, FindsMistakes) {
  BodyBudget budget(16 * kMiB);
  BodyPool pool(budget, kMiB);
  EXPECT_DEATH(
      {
        BufferLease lease = pool.take(kMiB);
        BufferLease twin(pool, 6U << 24U, lease.data(), 1);
        lease.reset();
      },
      "given back twice");
  EXPECT_DEATH(BodyPool(budget, 17 * kMiB), "no body of the largest size");
}

}  // namespace
}  // namespace headrace::core

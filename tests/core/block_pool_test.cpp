#include "core/block_pool.h"

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "tests/core/process_memory.h"

namespace headrace::core {
namespace {

TEST(BlockPool, EveryByteOfABlockItsHeadroomAndPaddingIsItsOwn) {
  constexpr std::size_t kBytes = 1000;
  BlockPool pool("blocks", kBytes, 4);
  std::vector<BufferLease> leases;
  for (int i = 0; i < 4; ++i) {
    leases.push_back(pool.take());
    ASSERT_TRUE(leases.back());
    ASSERT_EQ(leases.back().size(), kBytes);
    std::memset(leases.back().data() - kBufferHeadroom, i,
                kBufferHeadroom + kBytes + kBufferPadding);
  }
  for (int i = 0; i < 4; ++i) {
    for (std::size_t at = 0; at < kBufferHeadroom + kBytes + kBufferPadding; ++at) {
      ASSERT_EQ(*(leases[static_cast<std::size_t>(i)].data() - kBufferHeadroom + at), std::byte(i));
    }
  }
}

TEST(BlockPool, ExhaustionIsAnEmptyLease) {
  BlockPool pool("blocks", 64, 2);
  BufferLease one = pool.take();
  BufferLease two = pool.take();
  EXPECT_FALSE(pool.take());
  EXPECT_EQ(pool.in_use(), 2U);
  one.reset();
  EXPECT_TRUE(pool.take());
  EXPECT_EQ(pool.in_use(), 1U);
}

TEST(BlockPool, ReusesTheLastBlockGivenBackFirst) {
  BlockPool pool("blocks", 64, 8);
  BufferLease one = pool.take();
  BufferLease two = pool.take();
  const std::byte* hottest = one.data();
  two.reset();
  one.reset();
  BufferLease again = pool.take();
  EXPECT_EQ(again.data(), hottest);
}

TEST(BlockPool, ALeaseMovedGivesItsBlockBackOnce) {
  BlockPool pool("blocks", 64, 2);
  {
    BufferLease one = pool.take();
    BufferLease moved = std::move(one);
    BufferLease assigned = pool.take();
    assigned = std::move(moved);
    EXPECT_EQ(pool.in_use(), 1U);
  }
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(BlockPoolDeathTest, ALeaseShrinksButNeverGrows) {
  BlockPool pool("blocks", 64, 2);
  BufferLease lease = pool.take();
  lease.shrink(64);
  lease.shrink(10);
  EXPECT_EQ(lease.bytes().size(), 10U);
  EXPECT_DEATH(lease.shrink(11), "shrunk to more");
}

TEST(BlockPool, MapsWhatItPlansAndTouchesOnlyWhatIsUsed) {
  constexpr std::uint32_t kBlocks = 16 * 1024;
  constexpr std::size_t kBytes = 16'384;
  const std::size_t mapped_before = mapped_bytes();
  const std::size_t resident_before = resident_bytes();
  BlockPool pool("blocks", kBytes, kBlocks);
  EXPECT_NEAR(static_cast<double>(mapped_bytes() - mapped_before),
              static_cast<double>(BlockPool::planned_bytes(kBytes, kBlocks)), 1 << 20);
  for (int i = 0; i < 100; ++i) {
    BufferLease lease = pool.take();
    std::memset(lease.data(), 1, lease.size());
  }
#if !defined(HEADRACE_SANITIZED)
  EXPECT_LT(resident_bytes() - resident_before, std::size_t{1} << 20U);
#else
  (void)resident_before;
#endif
}

TEST(BlockPoolDeathTest, FindsMistakes) {
  BlockPool pool("blocks", 64, 2);
  EXPECT_DEATH(
      {
        BufferLease lease = pool.take();
        pool.give_back(0);
      },
      "given back twice");
  EXPECT_DEATH(
      {
        BufferLease kept;
        BlockPool dying("blocks", 64, 2);
        kept = dying.take();
        dying.~BlockPool();
      },
      "before its blocks");
}

}  // namespace
}  // namespace headrace::core

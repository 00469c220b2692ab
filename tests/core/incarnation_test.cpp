#include "core/incarnation.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/spsc_ring.h"
#include "tests/core/temporary_folder.h"

namespace headrace::core {
namespace {

using testing::HasSubstr;

constexpr WallTime kNow{.unix_nanos = 1'800'000'000'000'000'000};

class Incarnations : public testing::Test {
 protected:
  // As another process opens it: locks of one descriptor do not bind another.
  SharedRegion open() {
    auto region = SharedRegion::open(path, geometry(), kNow, 1);
    EXPECT_TRUE(region) << region.error();
    return std::move(*region);
  }
  static RegionGeometry geometry() {
    RegionGeometry geometry;
    geometry.shards = 2;
    geometry.limit_slots = 1;
    geometry.limit_step_blocks = 1;
    geometry.breaker_slots = 1;
    geometry.in_flight_entries = 1;
    geometry.config_bank_bytes = 1;
    geometry.delta_log_bytes = 1;
    geometry.refusal_bytes = 1;
    geometry.record_ring_bytes = 1;
    return geometry;
  }
  // A process that claims an incarnation, says so and then does nothing.
  pid_t start_holder() {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto region = SharedRegion::open_existing(path);
      if (!region) ::_exit(1);
      const auto claimed = Incarnation::claim(*region, kNow);
      if (!claimed) ::_exit(1);
      const char yes = 'y';
      if (::write(ready[1], &yes, 1) != 1) ::_exit(1);
      for (;;)
        ::pause();
    }
    ::close(ready[1]);
    char answer = 0;
    EXPECT_EQ(::read(ready[0], &answer, 1), 1) << "the holder did not get an incarnation";
    ::close(ready[0]);
    return child;
  }
  static void kill_hard(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }

  TemporaryFolder folder{"/dev/shm"};
  std::string path = folder.file("region");
};

TEST_F(Incarnations, HaveMemoryForTheirAccountingWhileTheyLive) {
  SharedRegion region = open();
  const auto blocks = [&] {
    struct stat status{};
    EXPECT_EQ(::fstat(region.descriptor(), &status), 0);
    return status.st_blocks;
  };
  const auto before = blocks();
  auto one = Incarnation::claim(region, kNow);
  ASSERT_TRUE(one) << one.error();
  EXPECT_GT(blocks(), before);
  const std::span<std::byte> records = region.shard_area(ShardArea::records, one->number(), 0);
  std::ranges::fill(records, std::byte{9});
  const std::uint32_t number = one->number();
  one->finish();
  EXPECT_EQ(blocks(), before);
  auto two = Incarnation::claim(region, kNow);
  ASSERT_TRUE(two);
  ASSERT_EQ(two->number(), number);
  EXPECT_TRUE(std::ranges::all_of(
      region.shard_area(ShardArea::records, number, 0).subspan(sizeof(SpscIndices)),
      [](std::byte byte) { return byte == std::byte{0}; }));
}

// Where a ring's positions begin is a secret (core/record_ring.h).
TEST_F(Incarnations, BeginEachRecordRingSomewhereElse) {
  SharedRegion region = open();
  std::set<std::uint64_t> begins;
  for (int i = 0; i < 3; ++i) {
    auto claimed = Incarnation::claim(region, kNow);
    ASSERT_TRUE(claimed) << claimed.error();
    for (std::uint32_t shard = 0; shard < region.geometry().shards; ++shard) {
      const auto& indices = *reinterpret_cast<const SpscIndices*>(
          region.shard_area(ShardArea::records, claimed->number(), shard).data());
      EXPECT_EQ(indices.read.load(), indices.written.load());
      begins.insert(indices.written.load());
    }
    claimed->finish();
  }
  EXPECT_EQ(begins.size(), std::size_t{3} * region.geometry().shards);
  EXPECT_GT(*begins.begin(), std::uint64_t{1} << 32U);
}

TEST_F(Incarnations, EachProcessGetsItsOwnUntilNoneIsLeft) {
  SharedRegion regions[] = {open(), open(), open(), open()};
  std::vector<Incarnation> held;
  std::set<std::uint32_t> numbers;
  for (int i = 0; i < 3; ++i) {
    auto claimed = Incarnation::claim(regions[i], kNow);
    ASSERT_TRUE(claimed) << claimed.error();
    numbers.insert(claimed->number());
    EXPECT_EQ(claimed->epoch(), static_cast<std::uint64_t>(i) + 1);
    held.push_back(std::move(*claimed));
  }
  EXPECT_EQ(numbers.size(), 3U);
  const auto refused = Incarnation::claim(regions[3], kNow);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr(std::to_string(::getpid())));
  held[1].finish();
  const auto again = Incarnation::claim(regions[3], kNow);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->epoch(), 4U) << "an epoch is never given twice";
}

TEST_F(Incarnations, OneProcessMayHoldSeveralThroughOneRegion) {
  SharedRegion region = open();
  auto one = Incarnation::claim(region, kNow);
  auto two = Incarnation::claim(region, kNow);
  ASSERT_TRUE(one);
  ASSERT_TRUE(two);
  EXPECT_NE(one->number(), two->number());
  EXPECT_TRUE(Incarnation::claim_orphans(region).empty()) << "its own are no orphans";
}

TEST_F(Incarnations, TheLivingAreNoOrphans) {
  SharedRegion region = open();
  const pid_t child = start_holder();
  EXPECT_TRUE(Incarnation::claim_orphans(region).empty());
  const auto claimed = Incarnation::claim(region, kNow);
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->number(), 1U);
  kill_hard(child);
}

TEST_F(Incarnations, TheKilledLeaveAnOrphanThatOneSuccessorRecovers) {
  SharedRegion region = open();
  SharedRegion other = open();
  const pid_t child = start_holder();
  const std::uint64_t epoch = region.incarnation_slots()[0].epoch.load();
  EXPECT_EQ(region.incarnation_slots()[0].process.load(), static_cast<std::uint32_t>(child));
  kill_hard(child);

  std::vector<Incarnation> orphans = Incarnation::claim_orphans(region);
  ASSERT_EQ(orphans.size(), 1U);
  EXPECT_EQ(orphans[0].number(), 0U);
  EXPECT_EQ(orphans[0].epoch(), epoch);
  EXPECT_TRUE(Incarnation::claim_orphans(other).empty()) << "somebody is at it";

  const auto claimed = Incarnation::claim(region, kNow);
  ASSERT_TRUE(claimed);
  EXPECT_NE(claimed->number(), 0U) << "not before it is recovered";
  orphans[0].finish();
  EXPECT_EQ(Incarnation::claim(other, kNow)->number(), 0U);
}

TEST_F(Incarnations, ARecoveryThatDiesIsTakenUpByTheNext) {
  SharedRegion region = open();
  kill_hard(start_holder());
  {
    std::vector<Incarnation> dropped = Incarnation::claim_orphans(region);
    ASSERT_EQ(dropped.size(), 1U);
  }
  EXPECT_EQ(Incarnation::claim_orphans(region).size(), 1U);
}

TEST_F(Incarnations, FinishedOnesLeaveNothingToRecover) {
  SharedRegion region = open();
  auto claimed = Incarnation::claim(region, kNow);
  ASSERT_TRUE(claimed);
  claimed->finish();
  EXPECT_TRUE(Incarnation::claim_orphans(region).empty());
  EXPECT_EQ(Incarnation::claim(region, kNow)->number(), 0U);
}

TEST_F(Incarnations, DroppedOnesAreRecovered) {
  SharedRegion region = open();
  {
    const auto claimed = Incarnation::claim(region, kNow);
  }
  EXPECT_EQ(Incarnation::claim_orphans(region).size(), 1U);
}

TEST_F(Incarnations, AnUnknownStateCountsAsInUse) {
  SharedRegion region = open();
  region.incarnation_slots()[0].state.store(0xDEADBEEF);
  EXPECT_EQ(Incarnation::claim(region, kNow)->number(), 1U);
  // The one just dropped, and the damaged one.
  EXPECT_EQ(Incarnation::claim_orphans(region).size(), 2U);
}

TEST_F(Incarnations, ManyDeathsInARowNeverShareAnEpoch) {
  SharedRegion region = open();
  std::set<std::uint64_t> epochs;
  for (int i = 0; i < 20; ++i) {
    kill_hard(start_holder());
    for (Incarnation& orphan : Incarnation::claim_orphans(region)) {
      epochs.insert(orphan.epoch());
      orphan.finish();
    }
  }
  EXPECT_EQ(epochs.size(), 20U);
}

using IncarnationsDeathTest = Incarnations;

TEST_F(IncarnationsDeathTest, MovingOneKeepsItsLock) {
  SharedRegion region = open();
  SharedRegion other = open();
  auto claimed = Incarnation::claim(region, kNow);
  ASSERT_TRUE(claimed);
  {
    Incarnation moved = std::move(*claimed);
    EXPECT_TRUE(Incarnation::claim_orphans(other).empty());
    moved.finish();
    EXPECT_DEATH(moved.finish(), "finished twice");
  }
}

}  // namespace
}  // namespace headrace::core

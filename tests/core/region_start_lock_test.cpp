#include "core/region_start_lock.h"

#include <chrono>
#include <future>
#include <optional>

#include <gtest/gtest.h>

#include "tests/core/small_region.h"
#include "tests/core/temporary_folder.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

// Two openings of one file stand for two processes: the kernel tells them apart in the same way.
class RegionStartLockTest : public testing::Test {
 protected:
  SharedRegion open() { return SharedRegion::open(path, small_geometry(), kNow, 99).value(); }

  const TemporaryFolder folder{"/dev/shm"};
  const std::string path = folder.file("region");
};

TEST_F(RegionStartLockTest, TheNextOneWaitsUntilTheFirstHasFoundItsPlace) {
  const SharedRegion ours = open();
  const SharedRegion theirs = open();
  std::optional<RegionStartLock> first(std::in_place, ours);
  ASSERT_TRUE(first->held());
  auto second = std::async(std::launch::async, [&] { return RegionStartLock(theirs).held(); });
  EXPECT_EQ(second.wait_for(50ms), std::future_status::timeout);
  first.reset();
  EXPECT_TRUE(second.get());
}

TEST_F(RegionStartLockTest, WhereTheFileIsGoneItIsNotHeld) {
  SharedRegion region = open();
  const SharedRegion moved = std::move(region);
  EXPECT_FALSE(RegionStartLock(region).held());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(RegionStartLock(moved).held());
}

}  // namespace
}  // namespace headrace::core

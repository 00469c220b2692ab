// A shard that waits for the network is idle. The kernel counts it as waiting for a disk unless it
// is told otherwise: then monitors show idle cores as 100 % iowait, and pressure where there is
// none.
#include <chrono>
#include <fstream>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/io.h"
#include "core/uring/kernel_support.h"

namespace headrace::core {
namespace {

// Tasks of the whole machine that wait for a disk, as far as the kernel can tell.
std::size_t blocked_tasks() {
  std::ifstream file("/proc/stat");
  for (std::string name; file >> name;) {
    std::size_t count = 0;
    if (name == "procs_blocked" && file >> count) return count;
  }
  ADD_FAILURE() << "/proc/stat does not tell of blocked tasks";
  return 0;
}

TEST(IoUringIdle, WaitingShardsDoNotWaitForADisk) {
  if (!uring::kernel_support().idle_waits) GTEST_SKIP() << "came with kernel 6.15";
  // More than whatever else runs on the machine keeps waiting for its disks.
  constexpr std::size_t kShards = 64;
  constexpr IoOptions kSmall{
      .submission_entries = 8, .completion_entries = 16, .small_buffers = 2, .bulk_buffers = 1};
  constexpr auto kWait = std::chrono::milliseconds(500);
  std::latch all_wait(kShards + 1);
  std::vector<std::jthread> shards;
  for (std::size_t i = 0; i < kShards; ++i) {
    shards.emplace_back([&] {
      auto io = Io::create(kSmall);
      if (io) (*io)->enable();
      all_wait.arrive_and_wait();
      ASSERT_TRUE(io) << io.error();
      const Instant until = (*io)->now() + kWait;
      while ((*io)->now() < until)
        (*io)->turn(until);
    });
  }
  all_wait.arrive_and_wait();
  std::this_thread::sleep_for(kWait / 2);
  EXPECT_LT(blocked_tasks(), kShards);
}

}  // namespace
}  // namespace headrace::core

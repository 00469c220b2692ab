// A real process, killed at random moments, over a real region.
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/incarnation.h"
#include "core/limits/limit_recovery.h"
#include "core/random.h"
#include "tests/core/limits/limit_world.h"
#include "tests/core/temporary_folder.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{.unix_nanos = 1'800'000'000'000'000'000};
constexpr std::int64_t kCredit = 200'000'000;  // more than all of them take
constexpr int kKills = 40;

RegionGeometry geometry() {
  RegionGeometry geometry;
  geometry.shards = 2;
  geometry.limit_slots = 64;
  geometry.limit_step_blocks = 64;
  return geometry;
}

LimitTerms counted() {
  return LimitTerms::calendar(1, kCredit, 20'833, limit_time(1h).wall);
}
LimitTerms small() {
  return LimitTerms::calendar(2, 50'000, 20'833, limit_time(1h).wall);
}
LimitTerms open() {
  return LimitTerms::concurrency(3, 10);
}

// What was admitted is counted where the parent sees it, after the fact.
struct Tally {
  std::atomic<std::int64_t> counted;
  std::atomic<std::int64_t> small;
};

void work(const LimitMemory& memory, std::uint32_t incarnation, std::uint32_t number,
          Tally& tally) {
  ShardLimits shard(memory, incarnation, number);
  const LimitDemand demands[] = {{counted(), 1}, {small(), 1}, {open(), 1}};
  for (std::uint64_t i = 0;; ++i) {
    const LimitTime now = limit_time(Duration(static_cast<std::int64_t>(i % 1'000'000) * 100));
    if (shard.next_tending() <= now.monotonic) shard.tend(now);
    Permit permit;
    const bool all = i % 16 == 0;
    if (shard.take({demands, all ? 3U : 1U}, now, permit)) continue;
    tally.counted.fetch_add(1);
    if (all) tally.small.fetch_add(1);
    permit.settle_as_reserved();
  }
}

[[noreturn]] void live(const std::string& path, Tally& tally) {
  auto region = SharedRegion::open_existing(path);
  if (!region) ::_exit(1);
  auto incarnation = Incarnation::claim(*region, kNow);
  if (!incarnation) ::_exit(1);
  const LimitMemory memory = LimitMemory::of(*region);
  std::jthread other([&] { work(memory, incarnation->number(), 1, tally); });
  work(memory, incarnation->number(), 0, tally);
  ::_exit(0);
}

// On a busy machine a child may be killed before it has its first turn. False: it never has.
bool has_begun(const Tally& tally, std::int64_t counted_before) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (tally.counted.load() == counted_before) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(100us);
  }
  return true;
}

TEST(LimitsOfAKilledProcess, AreRecoveredByItsSuccessor) {
  TemporaryFolder folder{"/dev/shm"};
  const std::string path = folder.file("region");
  auto region = SharedRegion::open(path, geometry(), kNow, 1);
  ASSERT_TRUE(region) << region.error();
  const LimitMemory memory = LimitMemory::of(*region);
  auto board = SharedRegion::make_anonymous(geometry(), kNow, 2);
  ASSERT_TRUE(board);
  auto& tally = *reinterpret_cast<Tally*>(board->delta_log().data());
  Random random(static_cast<std::uint64_t>(::getpid()));
  for (int kills = 0; kills < kKills; ++kills) {
    const std::int64_t counted_before = tally.counted.load();
    const pid_t child = ::fork();
    if (child == 0) live(path, tally);
    // Every other one dies at any moment, its start included.
    EXPECT_TRUE(kills % 2 != 0 || has_begun(tally, counted_before));
    std::this_thread::sleep_for(random.between(1ms, 12ms));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (Incarnation& orphan : Incarnation::claim_orphans(*region)) {
      recover_limits(memory, orphan.number(), limit_time(100ms));
      orphan.finish();
    }
    collect_lost_step_blocks(memory);
    ShardLimits reader(memory, 0, 0);
    EXPECT_EQ(reader.read(open(), limit_time(0s)).remaining, 10);
  }
  ShardLimits reader(memory, 0, 0);
  const std::int64_t left = reader.read(counted(), limit_time(0s)).remaining;
  EXPECT_LE(left, kCredit - tally.counted) << "no free refill";
  // A request for each shard, and what one shard gave back just when another one did.
  constexpr std::int64_t kLost = kKills * 2 + 257;
  EXPECT_GE(left, kCredit - tally.counted - kLost);
  const std::int64_t small_left = reader.read(small(), limit_time(0s)).remaining;
  EXPECT_LE(small_left, 50'000 - tally.small);
  EXPECT_GE(small_left, 50'000 - tally.small - kLost);
  EXPECT_GT(tally.small, 0);
}

}  // namespace
}  // namespace headrace::core

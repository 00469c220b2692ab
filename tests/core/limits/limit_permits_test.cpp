// Concurrent permits of several processes under one limit.
#include <gtest/gtest.h>

#include "core/incarnation.h"
#include "core/limits/limit_recovery.h"
#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

TEST(LimitPermits, AShardKnowsThatAnotherProcessHoldsSome) {
  const LimitWorld world({.shards = 2});
  const auto ours = world.shard(0, 0);
  const auto beside = world.shard(1, 0);
  const auto theirs = world.shard(0, 1);
  const LimitTerms limit = LimitTerms::concurrency(3, 4);
  const LimitDemand one{.terms = limit, .amount = 1};
  EXPECT_FALSE(ours->held_elsewhere(limit));
  Permit own;
  Permit of_another_shard;
  ASSERT_FALSE(ours->take({&one, 1}, limit_time(0s), own));
  ASSERT_FALSE(beside->take({&one, 1}, limit_time(0s), of_another_shard));
  EXPECT_FALSE(ours->held_elsewhere(limit))
      << "a shard of the same process says what it gives back";
  EXPECT_TRUE(theirs->held_elsewhere(limit));
  Permit of_another_process;
  ASSERT_FALSE(theirs->take({&one, 1}, limit_time(0s), of_another_process));
  EXPECT_TRUE(ours->held_elsewhere(limit));
  of_another_process.refund();
  EXPECT_FALSE(ours->held_elsewhere(limit));
  // Of the dead, until they are recovered.
  Permit of_the_dead;
  ASSERT_FALSE(theirs->take({&one, 1}, limit_time(0s), of_the_dead));
  EXPECT_TRUE(ours->held_elsewhere(limit));
  recover_limits(world.memory(), 1, limit_time(1s));
  EXPECT_FALSE(ours->held_elsewhere(limit));
  // What comes back with time is known before.
  const LimitTerms minute = LimitTerms::sliding(4, 4, 1min);
  const LimitDemand other{.terms = minute, .amount = 1};
  Permit of_a_window;
  ASSERT_FALSE(theirs->take({&other, 1}, limit_time(0s), of_a_window));
  EXPECT_FALSE(ours->held_elsewhere(minute));
}

// Of a window nobody knows who holds what; that there is somebody is known.
TEST(LimitPermits, AShardKnowsThatAnotherProcessMayGiveBackToAWindow) {
  const WallTime now = limit_time(0s).wall;
  auto region = SharedRegion::make_anonymous(RegionGeometry{}, now, 7).value();
  auto own = Incarnation::claim(region, now).value();
  ShardLimits ours(LimitMemory::of(region), own.number(), 0);
  const LimitTerms minute = LimitTerms::sliding(4, 4, 1min);
  EXPECT_FALSE(ours.held_elsewhere(minute));
  auto other = Incarnation::claim(region, now).value();
  EXPECT_TRUE(ours.held_elsewhere(minute));
  other.finish();
  EXPECT_FALSE(ours.held_elsewhere(minute));
  own.finish();
}

}  // namespace
}  // namespace headrace::core

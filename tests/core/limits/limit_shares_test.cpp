// Shares of limits that shards spend from without asking each other.
#include <chrono>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/limits/limit_traits.h"
#include "core/limits/shard_limits.h"
#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

TEST(LimitShares, ALargeLimitIsSpentFromSharesAndStillExactly) {
  LimitWorld world{{.shards = 4}};
  std::vector<std::unique_ptr<ShardLimits>> shards;
  for (std::uint32_t i = 0; i < 4; ++i)
    shards.push_back(world.shard(i));
  const LimitTerms terms[] = {
      LimitTerms::sliding(1, 100'000, 1min),
      LimitTerms::calendar(3, 100'000, 20833, {.unix_nanos = limit_time(1h).wall.unix_nanos})};
  for (const LimitTerms& term : terms) {
    std::int64_t sum = 0;
    // Twice the demand, from all of them in turn; idle shares come back after their time.
    for (int i = 0; i < 50'000; ++i) {
      const LimitTime now = limit_time(i * 10us);
      for (const auto& shard : shards) {
        if (shard->next_tending() <= now.monotonic) shard->tend(now);
        sum += spend(*shard, term, 1, now) ? 1 : 0;
      }
    }
    EXPECT_EQ(sum, 100'000);
  }
  for (const auto& shard : shards)
    EXPECT_GT(shard->counts().slices_leased, 0U);
}

// Demand of twice the limit, evenly, for six windows; what is admitted from the second one on.
double admitted_of_limit(std::uint32_t count, LimitTerms terms) {
  LimitWorld world{{.shards = count}};
  std::vector<std::unique_ptr<ShardLimits>> shards;
  for (std::uint32_t i = 0; i < count; ++i)
    shards.push_back(world.shard(i));
  const Duration gap = terms.length / (2 * terms.credit);
  const Duration end = terms.length * 6;
  std::int64_t sum = 0;
  std::size_t next = 0;
  for (Duration at{}; at < end; at += gap) {
    // In bursts that go from shard to shard.
    next = static_cast<std::size_t>(at / 7ms) % count;
    for (const auto& shard : shards)
      if (shard->next_tending() <= limit_time(at).monotonic) shard->tend(limit_time(at));
    const bool admitted = spend(*shards[next], terms, 1, limit_time(at));
    if (at >= terms.length) sum += admitted ? 1 : 0;
  }
  return static_cast<double>(sum) / (5.0 * static_cast<double>(terms.credit));
}

TEST(LimitShares, AtTwiceTheDemandNearlyAllOfASlidingOrBucketLimitIsAdmitted) {
  for (const std::uint32_t shards : {1U, 4U}) {
    for (const std::int64_t credit : {std::int64_t{100}, std::int64_t{20'000}}) {
      for (const Duration length : {Duration{1s}, Duration{10s}}) {
        const double sliding = admitted_of_limit(shards, LimitTerms::sliding(1, credit, length));
        const double bucket =
            admitted_of_limit(shards, LimitTerms::bucket(2, credit, credit, length));
        EXPECT_GE(sliding, 0.97) << shards << " shards, " << credit << " in " << length / 1s
                                 << " s";
        EXPECT_LE(sliding, 1.0);
        EXPECT_GE(bucket, 0.97) << shards << " shards, " << credit << " in " << length / 1s << " s";
        EXPECT_LE(bucket, 1.001);
      }
    }
  }
}

TEST(LimitShares, AnIdleShareComesBackAfterItsTime) {
  LimitWorld world{{.shards = 2}};
  const auto one = world.shard(0);
  const auto two = world.shard(1);
  const LimitTerms terms = LimitTerms::sliding(1, 10'000, 1min);
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(spend(*one, terms, 1, limit_time(0s)));
  ASSERT_GT(one->counts().slices_leased, 0U);
  EXPECT_LT(two->read(terms, limit_time(0s)).remaining, 9980);
  EXPECT_EQ(one->read(terms, limit_time(0s)).remaining, 9980);
  ASSERT_LE(one->next_tending(), limit_time(kShareHold + 1ns).monotonic);
  one->tend(limit_time(kShareHold + 1ns));
  EXPECT_EQ(two->read(terms, limit_time(kShareHold + 1ns)).remaining, 9980);
  EXPECT_EQ(one->next_tending(), kNever) << "neither shares nor permits are out";
}

TEST(LimitShares, AShareIsVoidBehindTheEdgeOfItsWindow) {
  LimitWorld world{{.shards = 2}};
  const auto one = world.shard(0);
  const auto two = world.shard(1);
  LimitTerms day =
      LimitTerms::calendar(3, 10'000, 20833, {.unix_nanos = limit_time(1h).wall.unix_nanos});
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(spend(*one, day, 1, limit_time(0s)));
  ASSERT_GT(one->counts().slices_leased, 0U);
  ++day.window;
  EXPECT_EQ(spend_all(*two, day, 1, limit_time(1ms)), 10'000);
  EXPECT_EQ(spend_all(*one, day, 1, limit_time(1ms)), 0);
}

TEST(LimitShares, PermitsFromAShareSettleIntoIt) {
  LimitWorld world{{.shards = 2}};
  const auto one = world.shard(0);
  const LimitTerms terms = LimitTerms::bucket(1, 100'000, 100'000, 1s);
  const LimitDemand demand{terms, 100};
  for (int i = 0; i < 50; ++i) {
    Permit permit;
    ASSERT_FALSE(one->take({&demand, 1}, limit_time(0s), permit));
    const std::int64_t used = 40;
    permit.settle({&used, 1}, limit_time(0s));
  }
  ASSERT_GT(one->counts().slices_leased, 0U);
  one->give_back_shares();
  EXPECT_EQ(one->read(terms, limit_time(0s)).remaining, 98'000);
}

TEST(LimitShares, WhatComesBackCountsByTheRateThatItWasTakenAt) {
  const LimitWorld world({.shards = 2});
  const auto shard = world.shard(0);
  const LimitTerms before = LimitTerms::bucket(2, 100'000, 1'000, 1s);
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(spend(*shard, before, 1'000, limit_time(0s)));
  ASSERT_GT(shard->counts().slices_leased, 0U);
  const LimitTerms reloaded = LimitTerms::bucket(2, 100'000, 1, 1s);
  Permit permit;
  const LimitDemand demand{.terms = reloaded, .amount = 500};
  ASSERT_FALSE(shard->take({&demand, 1}, limit_time(0s), permit));
  shard->tend(limit_time(25ms));
  ASSERT_GT(shard->counts().slices_returned, 0U);
  permit.refund();
  const LimitReading reading = shard->read(before, limit_time(25ms));
  EXPECT_LE(reading.remaining, 90'025) << "more came back than was taken";
  EXPECT_GE(reading.remaining, 90'020);
}

}  // namespace
}  // namespace headrace::core

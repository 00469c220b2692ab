// What an operator's reset does to a limit, and what it leaves alone.
#include <gtest/gtest.h>

#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

const LimitTerms kMinute = LimitTerms::sliding(7, 100, 1min);
const LimitTerms kHour = LimitTerms::sliding(8, 100, 1h);

TEST(LimitReset, CostsNothingHoweverOftenItIsDone) {
  const LimitWorld world({.entries = 8, .blocks = 2});
  const auto shard = world.shard(0);
  ASSERT_TRUE(spend(*shard, kHour, 7, limit_time(0s)));
  for (int i = 0; i < 1000; ++i) {
    const LimitTime now = limit_time(i * 1ms);
    ASSERT_TRUE(spend(*shard, kMinute, 100, now)) << "after " << i << " resets";
    ASSERT_FALSE(spend(*shard, kMinute, 1, now)) << "after " << i << " resets";
    shard->reset(kMinute.identity);
  }
  EXPECT_EQ(shard->read(kHour, limit_time(1s)).remaining, 93) << "another limit's";
}

// What it took before is no longer counted, and comes back to nobody.
TEST(LimitReset, APermitFromBeforeGivesNothingBack) {
  const LimitWorld world({.entries = 8, .blocks = 2});
  const auto shard = world.shard(0);
  const LimitDemand demand{.terms = kMinute, .amount = 40};
  Permit before;
  ASSERT_FALSE(shard->take({&demand, 1}, limit_time(0s), before));
  shard->reset(kMinute.identity);
  EXPECT_TRUE(spend(*shard, kMinute, 90, limit_time(0s)));
  before.refund();
  EXPECT_EQ(shard->read(kMinute, limit_time(0s)).remaining, 10);
  EXPECT_EQ(shard->read(kMinute, limit_time(62s)).remaining, 100);
}

}  // namespace
}  // namespace headrace::core

// A limit is reset just when somebody is at work on its steps, and another limit takes these at
// once: stopped before each access, so that whoever goes on does so in memory that is another's.
#include <cstdint>
#include <functional>
#include <optional>

#include <gtest/gtest.h>

#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

const LimitTerms kReset = LimitTerms::sliding(7, 100, 1min);
const LimitTerms kOther = LimitTerms::sliding(8, 100, 1min);

// Who comes in, and at which access of the one that is at work.
struct Operator {
  ShardLimits* shard = nullptr;
  LimitTime now;
  std::int64_t comes_at = 0;
  bool came = false;
};
Operator operator_at_work;

void on_step() {
  if (operator_at_work.came || --operator_at_work.comes_at != 0) return;
  operator_at_work.came = true;
  operator_at_work.shard->reset(kReset.identity);
  EXPECT_TRUE(spend(*operator_at_work.shard, kOther, 10, operator_at_work.now));
}

struct Work {
  const char* name;
  std::function<void(ShardLimits&, Permit&, LimitTime)> act;
};

const Work kWorks[] = {
    {"takes", [](ShardLimits& shard, Permit&, LimitTime now) { spend(shard, kReset, 5, now); }},
    {"reads", [](ShardLimits& shard, Permit&, LimitTime now) { (void)shard.read(kReset, now); }},
    {"refunds",
     [](ShardLimits& shard, Permit& held, LimitTime now) {
       shard.tend(now);
       held.refund();
     }},
    {"overruns",
     [](ShardLimits&, Permit& held, LimitTime now) {
       const std::int64_t used[] = {25};
       held.settle(used, now);
     }},
    {"resets too", [](ShardLimits& shard, Permit&, LimitTime) { shard.reset(kReset.identity); }},
};

TEST(ResettingInterleaved, NobodyTouchesTheStepsOfWhoeverHasThemNow) {
  for (const Work& work : kWorks) {
    for (const Duration later : {0s, 1s, 40s, 61s}) {
      bool came = true;
      for (std::int64_t comes_at = 1; came; ++comes_at) {
        const LimitWorld world({.entries = 4, .blocks = 2});
        const auto shard = world.shard(0);
        const auto beside = world.shard(0, 1);
        const LimitTime now = limit_time(later);
        const LimitDemand demand{.terms = kReset, .amount = 20};
        Permit held;
        ASSERT_FALSE(shard->take({&demand, 1}, limit_time(0s), held));
        operator_at_work = {.shard = beside.get(), .now = now, .comes_at = comes_at};
        step_point = on_step;
        work.act(*shard, held, now);
        step_point = nullptr;
        came = operator_at_work.came;
        if (!came) break;
        held.settle_as_reserved();
        SCOPED_TRACE(testing::Message() << work.name << " after " << later / 1s
                                        << " s, reset before access " << comes_at);
        // As if it were alone: now, while it turns, and when its window has passed.
        ASSERT_EQ(beside->read(kOther, now).remaining, 90);
        ASSERT_TRUE(spend(*beside, kOther, 1, limit_time(later + 2s)));
        ASSERT_EQ(beside->read(kOther, limit_time(later + 30s)).remaining, 89);
        ASSERT_EQ(beside->read(kOther, limit_time(later + 61s)).remaining, 99);
        ASSERT_EQ(beside->read(kOther, limit_time(later + 64s)).remaining, 100);
        ASSERT_FALSE(beside->read(kReset, limit_time(later + 64s)).closed);
        ASSERT_EQ(shard->counts().limits_closed + beside->counts().limits_closed, 0U);
      }
    }
  }
}

}  // namespace
}  // namespace headrace::core

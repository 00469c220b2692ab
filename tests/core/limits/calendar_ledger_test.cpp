#include "core/limits/calendar_ledger.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using std::chrono::hours;

const LimitTime kNow = limit_time(hours{1});

LimitTerms day(std::uint64_t identity, std::int64_t credit, std::uint16_t window = 20'833) {
  return LimitTerms::calendar(identity, credit, window,
                              {.unix_nanos = kNow.wall.unix_nanos + 1'000'000'000'000});
}

bool spend(ShardLimits& limits, const LimitTerms& terms, std::int64_t amount) {
  const LimitDemand demand{.terms = terms, .amount = amount};
  Permit permit;
  if (limits.take({&demand, 1}, kNow, permit)) return false;
  permit.settle_as_reserved();
  return true;
}

TEST(CalendarLedger, BringsBackInNewMemoryWhatWasSpent) {
  for (const std::uint32_t entries : {64U, 1000U, 6827U}) {
    const LimitWorld before({.entries = entries});
    std::map<std::uint64_t, std::int64_t> spent;
    {
      const auto limits = before.shard(0);
      Random random(entries);
      for (int i = 0; i < 40; ++i) {
        const std::uint64_t identity = random.next() | 1U;
        const auto amount = static_cast<std::int64_t>(1 + random.below(900));
        ASSERT_TRUE(spend(*limits, day(identity, 1000), amount));
        spent[identity] = amount;
      }
      // Others are none of its business.
      ASSERT_TRUE(spend(*limits, LimitTerms::sliding(7, 100, hours{1}), 5));
      limits->give_back_shares();
    }
    std::vector<PoolSpent> pools;
    CalendarLedger(before.memory(), 0, kNow).collect(pools);
    ASSERT_EQ(pools.size(), spent.size());

    const LimitWorld after({.entries = entries});
    CalendarLedger ledger(after.memory(), 1, kNow);
    ledger.restore(pools);
    const auto limits = after.shard(0, 1);
    for (const auto& [identity, amount] : spent) {
      EXPECT_EQ(limits->read(day(identity, 1000), kNow).remaining, 1000 - amount);
      EXPECT_FALSE(spend(*limits, day(identity, 1000), 1001 - amount));
      EXPECT_TRUE(spend(*limits, day(identity, 1000), 1000 - amount));
    }
    // A later day is a new one.
    EXPECT_EQ(limits->read(day(spent.begin()->first, 1000, 20'834), kNow).remaining, 1000);
  }
}

TEST(CalendarLedger, ChangesNothingThatIsThere) {
  const LimitWorld world({});
  const auto limits = world.shard(0);
  ASSERT_TRUE(spend(*limits, day(99, 100), 10));
  limits->give_back_shares();
  CalendarLedger ledger(world.memory(), 0, kNow);
  std::vector<PoolSpent> pools;
  ledger.collect(pools);
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_EQ(pools[0].spent, 10);
  ledger.restore(pools);
  EXPECT_EQ(limits->read(day(99, 100), kNow).remaining, 90);
}

TEST(CalendarLedger, TakesNothingThatCannotBe) {
  const LimitWorld world({});
  const std::vector<PoolSpent> pools = {{.identity = 1, .window = 1U << 20U, .spent = 5},
                                        {.identity = 2, .window = 5, .spent = -5},
                                        {.identity = 3, .window = 5, .spent = INT64_MAX}};
  CalendarLedger ledger(world.memory(), 0, kNow);
  ledger.restore(pools);
  std::vector<PoolSpent> found;
  ledger.collect(found);
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace headrace::core

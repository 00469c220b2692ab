#include "core/limits/calendar_ledger.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

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

std::vector<PoolSpent> collected(CalendarLedger& ledger) {
  std::vector<PoolSpent> pools;
  ledger.collect(pools);
  return pools;
}

std::vector<PoolSpent> changed(CalendarLedger& ledger) {
  std::vector<PoolSpent> pools;
  ledger.collect_changed(pools);
  return pools;
}

TEST(CalendarLedger, BringsBackInNewMemoryOfAnySizeWhatWasSpent) {
  for (const auto& [size, another] :
       {std::pair{64U, 64U}, std::pair{1000U, 1000U}, std::pair{1000U, 64U}, std::pair{64U, 6827U},
        std::pair{6827U, 6826U}, std::pair{6827U, 131'072U}}) {
    const LimitWorld before({.entries = size});
    std::map<std::uint64_t, std::int64_t> spent;
    {
      const auto limits = before.shard(0);
      Random random(size);
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
    CalendarLedger journal(before.memory(), 0, kNow);
    const std::vector<PoolSpent> pools = collected(journal);
    ASSERT_EQ(pools.size(), spent.size());
    for (const PoolSpent& pool : pools) {
      EXPECT_EQ(pool.naming, PoolNaming::by_limit);
      ASSERT_TRUE(spent.contains(pool.identity));
      EXPECT_EQ(pool.spent, spent[pool.identity]);
    }

    const LimitWorld after({.entries = another});
    CalendarLedger ledger(after.memory(), 1, kNow);
    const PoolsRestored result = ledger.restore(pools);
    EXPECT_EQ(result.restored, spent.size());
    EXPECT_EQ(result.by_place + result.ended + result.no_room, 0U);
    EXPECT_EQ(collected(ledger).size(), spent.size()) << "known by their names again";
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

TEST(CalendarLedger, SaysWhatHasChangedAndNothingElse) {
  const LimitWorld world({.entries = 1000});
  const auto limits = world.shard(0);
  CalendarLedger ledger(world.memory(), 0, kNow);
  CalendarLedger neighbour(world.memory(), 2, kNow);
  ASSERT_TRUE(spend(*limits, day(1, 100), 10));
  ASSERT_TRUE(spend(*limits, day(2, 100), 20));
  EXPECT_EQ(changed(ledger).size(), 2U);
  EXPECT_TRUE(changed(ledger).empty());

  ASSERT_TRUE(spend(*limits, day(2, 100), 5));
  auto pools = changed(ledger);
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_EQ(pools[0].identity, 2U);
  EXPECT_EQ(pools[0].spent, 25);
  // A process that drains beside us keeps its own journal.
  EXPECT_EQ(changed(neighbour).size(), 2U);

  // What comes back is a change too.
  const LimitDemand demand{.terms = day(1, 100), .amount = 30};
  {
    Permit permit;
    ASSERT_FALSE(limits->take({&demand, 1}, kNow, permit));
    EXPECT_EQ(changed(ledger).at(0).spent, 40);
  }
  EXPECT_EQ(changed(ledger).at(0).spent, 10);

  ledger.collect_all_again();
  EXPECT_EQ(changed(ledger).size(), 2U);
  EXPECT_TRUE(changed(ledger).empty());
}

TEST(CalendarLedger, SaysThatAPoolIsNoMore) {
  const LimitWorld world({.entries = 1000});
  const auto limits = world.shard(0);
  CalendarLedger ledger(world.memory(), 0, kNow);
  ASSERT_TRUE(spend(*limits, day(1, 100), 10));
  ASSERT_EQ(changed(ledger).size(), 1U);
  limits->reset(1);
  for (int again = 0; again < 2; ++again) {
    const auto pools = changed(ledger);
    ASSERT_EQ(pools.size(), 1U);
    EXPECT_EQ(pools[0].identity, 1U);
    EXPECT_EQ(pools[0].spent, 0);
    ledger.collect_all_again();
  }
  ASSERT_TRUE(spend(*limits, day(1, 100), 3));
  EXPECT_EQ(changed(ledger).back().spent, 3) << "the last row of a limit counts";
  EXPECT_EQ(collected(ledger).size(), 1U);
}

// As versions before wrote them: by the place that a limit had in their table.
TEST(CalendarLedger, BringsBackRowsByPlaceInATableOfTheSameSize) {
  const LimitWorld before({.entries = 1000});
  const std::uint64_t identity = 0x1234'5678'9abc'def1;
  ASSERT_TRUE(spend(*before.shard(0), day(identity, 100), 10));
  LimitTable table(before.memory(), 0);
  const auto place = table.find(identity);
  ASSERT_TRUE(place);
  const PoolSpent old{.identity = table.identity_like(*place),
                      .window = 20'833,
                      .naming = PoolNaming::by_place,
                      .spent = 10,
                      .ends_unix_nanos = INT64_MAX};

  const LimitWorld after({.entries = 1000});
  CalendarLedger ledger(after.memory(), 1, kNow);
  const PoolsRestored result = ledger.restore({&old, 1});
  EXPECT_EQ(result.by_place, 1U);
  auto pools = changed(ledger);
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_EQ(pools[0].naming, PoolNaming::by_place) << "nobody knows yet whose it is";
  const auto limits = after.shard(0, 1);
  EXPECT_EQ(limits->read(day(identity, 100), kNow).remaining, 90);
  ASSERT_TRUE(spend(*limits, day(identity, 100), 1));
  pools = changed(ledger);
  ASSERT_EQ(pools.size(), 2U);
  EXPECT_EQ(pools[0].naming, PoolNaming::by_place);
  EXPECT_EQ(pools[0].spent, 0);
  EXPECT_EQ(pools[1].identity, identity);
  EXPECT_EQ(pools[1].naming, PoolNaming::by_limit);
  EXPECT_EQ(pools[1].spent, 11);
}

TEST(CalendarLedger, DoublesNothingWhereARestoreIsDoneAgain) {
  const std::vector<PoolSpent> pools = {{.identity = 1, .window = 20'833, .spent = 40},
                                        {.identity = 2, .window = 20'833, .spent = 50}};
  const LimitWorld world({});
  EXPECT_EQ(CalendarLedger(world.memory(), 0, kNow).restore(std::span(pools).first(1)).restored,
            1U);
  // As if it had died there.
  world.memory().header->pools_known.store(0);
  EXPECT_EQ(CalendarLedger(world.memory(), 1, kNow).restore(pools).restored, 1U);
  const auto limits = world.shard(0, 1);
  EXPECT_EQ(limits->read(day(1, 100), kNow).remaining, 60);
  EXPECT_EQ(limits->read(day(2, 100), kNow).remaining, 50);
}

TEST(CalendarLedger, SaysWhichPoolsHaveNoRoomAndWhichAreOver) {
  std::vector<PoolSpent> pools;
  for (std::uint64_t identity = 1; identity <= 10; ++identity)
    pools.push_back({.identity = identity, .window = 20'833, .spent = 1});
  pools.push_back({.identity = 11, .window = 20'000, .spent = 1, .ends_unix_nanos = 1});
  const LimitWorld world({.entries = 4});
  CalendarLedger ledger(world.memory(), 0, kNow);
  const PoolsRestored result = ledger.restore(pools);
  EXPECT_EQ(result.restored, 4U);
  EXPECT_EQ(result.no_room, 6U);
  EXPECT_EQ(result.ended, 1U);
}

TEST(CalendarLedger, ChangesNothingThatIsThere) {
  const LimitWorld world({});
  const auto limits = world.shard(0);
  ASSERT_TRUE(spend(*limits, day(99, 100), 10));
  limits->give_back_shares();
  CalendarLedger ledger(world.memory(), 0, kNow);
  world.memory().header->pools_known.store(1);
  EXPECT_EQ(ledger.restore({}).restored, 0U);
  auto pools = collected(ledger);
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_EQ(pools[0].spent, 10);
  pools[0].spent = 50;
  ledger.restore(pools);
  EXPECT_EQ(limits->read(day(99, 100), kNow).remaining, 90);
}

TEST(CalendarLedger, TakesNothingThatCannotBe) {
  const LimitWorld world({});
  const std::vector<PoolSpent> pools = {
      {.identity = 1, .window = 1U << 20U, .spent = 5},
      {.identity = 2, .window = 5, .spent = -5},
      {.identity = 0, .window = 5, .spent = 5},
      {.identity = 4, .window = 5, .naming = static_cast<PoolNaming>(2), .spent = 5}};
  CalendarLedger ledger(world.memory(), 0, kNow);
  EXPECT_EQ(ledger.restore(pools).restored, 0U);
  EXPECT_TRUE(collected(ledger).empty());
}

}  // namespace
}  // namespace headrace::core

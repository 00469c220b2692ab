// The journal's look at calendar pools, with shards that come in between any two of its accesses:
// whatever was spent before it looked, it has seen when it is done, although it looks only where
// the marks say that something has changed.
#include <array>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "core/limits/calendar_ledger.h"
#include "core/limits/calendar_window.h"
#include "core/limits/shard_limits.h"
#include "tests/core/limits/limit_world.h"
#include "tests/interleavings/fiber_schedule.h"

namespace headrace::core {
namespace {

using Spent = std::map<std::uint64_t, std::int64_t>;

constexpr std::uint32_t kShards = 2;
constexpr int kRequests = 60;
const LimitTime kNow = limit_time(std::chrono::hours{1});

// Small ones are spent from the node's word, the large one from shares too.
std::vector<LimitTerms> limits() {
  std::vector<LimitTerms> terms;
  for (const std::int64_t credit : {100, 200, 100'000}) {
    terms.push_back(
        LimitTerms::calendar(0x9e37'79b9 + static_cast<std::uint64_t>(credit), credit, 20'833, {}));
    terms.back().ends = kEndless;
  }
  return terms;
}

// As a request does: takes, gives back what it did not use, and has its record written then.
void spend(ShardLimits& shard, Random& random, Spent& recorded) {
  for (int i = 0; i < kRequests; ++i) {
    const std::vector<LimitTerms> all = limits();
    const LimitTerms& terms = all[random.below(all.size())];
    const LimitDemand demand{.terms = terms, .amount = 3};
    Permit permit;
    if (shard.take({&demand, 1}, kNow, permit)) continue;
    const std::array<std::int64_t, 1> used = {static_cast<std::int64_t>(random.below(5))};
    permit.settle(used, kNow);
    recorded[terms.identity] += used[0];
  }
}

TEST(CalendarLedgerInterleaved, HasSeenWhatWasSpentBeforeItLooked) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const LimitWorld world({.entries = 256, .shards = kShards});
    Random random(seed);
    Spent recorded;
    std::uint64_t looks = 0;
    FiberSchedule schedule(seed, seed % 5 + 1);
    std::vector<std::unique_ptr<ShardLimits>> shards;
    for (std::uint32_t number = 0; number < kShards; ++number) {
      shards.push_back(world.shard(number));
      schedule.add([&, shard = shards.back().get()] { spend(*shard, random, recorded); });
    }
    bool over = false;
    const std::size_t journal = schedule.add([&] {
      CalendarLedger ledger(world.memory(), 0, kNow);
      Spent written;
      while (!over) {
        // Others go on while it looks.
        // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
        const Spent before = recorded;
        std::vector<PoolSpent> pools;
        ledger.collect_changed(pools);
        for (const PoolSpent& pool : pools)
          written[pool.identity] = pool.spent;
        for (const auto& [identity, amount] : before)
          EXPECT_GE(written[identity], amount) << "seed " << seed;
        ++looks;
        FiberSchedule::give_way();
      }
    });
    while (!schedule.ended(0) || !schedule.ended(1))
      ASSERT_TRUE(schedule.step());
    over = true;
    schedule.run();
    ASSERT_TRUE(schedule.ended(journal));
    EXPECT_GT(looks, 1U);
    for (const auto& shard : shards)
      shard->give_back_shares();
    CalendarLedger last(world.memory(), 1, kNow);
    std::vector<PoolSpent> pools;
    last.collect(pools);
    for (const PoolSpent& pool : pools)
      EXPECT_EQ(pool.spent, recorded[pool.identity]) << "seed " << seed;
  }
}

}  // namespace
}  // namespace headrace::core

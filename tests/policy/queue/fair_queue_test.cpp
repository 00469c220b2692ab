#include "policy/queue/fair_queue.h"

#include <cstdlib>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

struct Waiter : FairEntry {
  std::uint64_t tenant = 0;
};

// Tenants that always have somebody waiting.
class Crowd {
 public:
  explicit Crowd(std::uint32_t flows_max = 64) : flows_(flows_max), queue_(flows_) {}
  ~Crowd() {
    for (Waiter& waiter : waiters_)
      queue_.leave(waiter);
  }

  bool join(std::uint64_t tenant, std::uint64_t weight, std::uint64_t cost = 1) {
    Waiter& waiter = waiters_.emplace_back();
    waiter.tenant = tenant;
    if (queue_.join(waiter, tenant, weight, cost)) return true;
    waiters_.pop_back();
    return false;
  }
  // Who is served next, and comes again at once with that weight.
  std::uint64_t serve(std::uint64_t weight_again = 0) {
    auto* called = static_cast<Waiter*>(queue_.call());
    if (called == nullptr) return 0;
    const std::uint64_t tenant = called->tenant;
    const std::uint64_t cost = called->cost;
    queue_.served();
    if (weight_again > 0) join(tenant, weight_again, cost);
    return tenant;
  }
  FairQueue& queue() { return queue_; }
  FairFlows& flows() { return flows_; }
  std::deque<Waiter>& waiters() { return waiters_; }

 private:
  FairFlows flows_;
  FairQueue queue_;
  std::deque<Waiter> waiters_;
};

TEST(FairQueue, ServesTenantsInProportionToTheirWeights) {
  Crowd crowd;
  const std::map<std::uint64_t, std::uint64_t> weights = {{1, 1}, {2, 3}, {3, 6}};
  for (const auto& [tenant, weight] : weights) {
    for (int i = 0; i < 1000; ++i)
      ASSERT_TRUE(crowd.join(tenant, weight));
  }
  std::map<std::uint64_t, int> served;
  for (int i = 1; i <= 1000; ++i) {
    ++served[crowd.serve()];
    // At every moment, not only in the end: to one request of each.
    for (const auto& [tenant, weight] : weights)
      EXPECT_NEAR(served[tenant], i * static_cast<double>(weight) / 10, 2) << tenant << " at " << i;
  }
  EXPECT_EQ(served, (std::map<std::uint64_t, int>{{1, 100}, {2, 300}, {3, 600}}));
}

TEST(FairQueue, CountsWhatRequestsCostAndNotHowMany) {
  Crowd crowd;
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(crowd.join(1, 1, 10));
    ASSERT_TRUE(crowd.join(2, 1, 1));
  }
  std::map<std::uint64_t, int> served;
  for (int i = 0; i < 550; ++i)
    ++served[crowd.serve()];
  EXPECT_EQ(served[1], 50);
  EXPECT_EQ(served[2], 500);
}

TEST(FairQueue, KeepsTheOrderWithinATenant) {
  FairFlows flows(4);
  FairQueue queue(flows);
  std::array<Waiter, 5> waiters;
  for (Waiter& waiter : waiters)
    ASSERT_TRUE(queue.join(waiter, 7, 1, 1));
  for (Waiter& waiter : waiters) {
    EXPECT_EQ(queue.call(), &waiter);
    // In vain: it is called again, before the others of its tenant.
    queue.put_back();
    EXPECT_EQ(queue.call(), &waiter);
    queue.served();
  }
  EXPECT_EQ(queue.call(), nullptr);
}

TEST(FairQueue, ATurnInVainCostsNothing) {
  Crowd crowd;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(crowd.join(1, 1));
    ASSERT_TRUE(crowd.join(2, 1));
  }
  std::map<std::uint64_t, int> served;
  for (int i = 0; i < 100; ++i) {
    for (int vain = 0; vain < i % 5; ++vain) {
      ASSERT_NE(crowd.queue().call(), nullptr);
      crowd.queue().put_back();
    }
    ++served[crowd.serve()];
  }
  EXPECT_EQ(served[1], 50);
  EXPECT_EQ(served[2], 50);
}

TEST(FairQueue, WhoIsAlwaysCalledInVainFirstGetsHisPartAllTheSame) {
  FairFlows flows(4);
  FairQueue queue(flows);
  std::array<Waiter, 100> unlucky;
  std::array<Waiter, 100> lucky;
  for (std::size_t i = 0; i < unlucky.size(); ++i) {
    unlucky[i].tenant = 1;
    lucky[i].tenant = 2;
    ASSERT_TRUE(queue.join(unlucky[i], 1, 1, 1));
    ASSERT_TRUE(queue.join(lucky[i], 2, 1, 1));
  }
  std::map<std::uint64_t, int> served;
  for (int i = 0; i < 100; ++i) {
    const auto* called = static_cast<Waiter*>(queue.call());
    if (called->tenant == 1) {
      queue.put_back();
      called = static_cast<Waiter*>(queue.call());
    }
    ++served[called->tenant];
    queue.served();
  }
  EXPECT_EQ(served[1], 50);
  EXPECT_EQ(served[2], 50);
  for (std::size_t i = 0; i < unlucky.size(); ++i) {
    queue.leave(unlucky[i]);
    queue.leave(lucky[i]);
  }
}

// Whoever floods the queue first cannot make a newcomer wait for all of it.
TEST(FairQueue, NobodyStarvesBehindAFlood) {
  Crowd crowd;
  for (int i = 0; i < 10'000; ++i)
    ASSERT_TRUE(crowd.join(1, 1000));
  for (int i = 0; i < 500; ++i)
    crowd.serve();
  ASSERT_TRUE(crowd.join(2, 1));
  int turns = 1;
  while (crowd.serve() != 2)
    ++turns;
  EXPECT_LE(turns, 2) << "who comes begins at the virtual time, not behind everybody";
  // With a thousandth of the weight he has a thousandth of the turns.
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(crowd.join(2, 1));
  for (int i = 0; i < 3; ++i) {
    turns = 1;
    while (crowd.serve() != 2)
      ++turns;
    EXPECT_LE(turns, 1002);
  }
}

TEST(FairQueue, WhoDoesNotAskSavesNothingUp) {
  Crowd crowd;
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(crowd.join(1, 1));
  for (int i = 0; i < 400; ++i)
    crowd.serve();
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(crowd.join(2, 1));
  std::map<std::uint64_t, int> served;
  for (int i = 0; i < 200; ++i)
    ++served[crowd.serve()];
  EXPECT_NEAR(served[2], 100, 1);
}

// Coming with one request at a time gains nothing: what a tenant had is remembered.
TEST(FairQueue, WhoComesOneByOneGetsNoMoreThanHisShare) {
  Crowd crowd;
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(crowd.join(1, 3));
  ASSERT_TRUE(crowd.join(2, 1));
  std::map<std::uint64_t, int> served;
  for (int i = 0; i < 400; ++i) {
    const std::uint64_t tenant = crowd.serve();
    ++served[tenant];
    if (tenant == 2) {
      ASSERT_TRUE(crowd.join(2, 1));
    }
  }
  EXPECT_NEAR(served[2], 100, 1);
}

TEST(FairQueue, AChangedWeightCountsFromThenOn) {
  Crowd crowd;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(crowd.join(1, 1));
    ASSERT_TRUE(crowd.join(2, 1));
  }
  std::map<std::uint64_t, int> before;
  for (int i = 0; i < 100; ++i)
    ++before[crowd.serve(1)];
  EXPECT_EQ(before[1], 50);
  // A reload: both come again with other weights.
  std::map<std::uint64_t, int> after;
  for (int i = 0; i < 400; ++i) {
    auto* called = static_cast<Waiter*>(crowd.queue().call());
    ASSERT_NE(called, nullptr);
    const std::uint64_t tenant = called->tenant;
    crowd.queue().served();
    if (i >= 16) ++after[tenant];
    ASSERT_TRUE(crowd.join(tenant, tenant == 1 ? 4 : 1));
  }
  EXPECT_NEAR(static_cast<double>(after[1]) / after[2], 4.0, 0.15);
}

TEST(FairQueue, LeavingLeavesNothingBehind) {
  FairFlows flows(4);
  FairQueue queue(flows);
  std::array<Waiter, 4> waiters;
  ASSERT_TRUE(queue.join(waiters[0], 1, 1, 5));
  ASSERT_TRUE(queue.join(waiters[1], 1, 1, 5));
  ASSERT_TRUE(queue.join(waiters[2], 2, 1, 5));
  queue.leave(waiters[0]);
  EXPECT_EQ(queue.waiting(), 2U);
  EXPECT_EQ(queue.call(), &waiters[1]);
  queue.leave(waiters[1]);  // also who has been called
  EXPECT_EQ(queue.called(), nullptr);
  queue.leave(waiters[1]);  // and once is enough
  // Its turn was not used, so its tenant has not paid for it.
  ASSERT_TRUE(queue.join(waiters[3], 1, 1, 5));
  EXPECT_EQ(queue.call(), &waiters[2]);
  queue.served();
  EXPECT_EQ(queue.call(), &waiters[3]);
  queue.served();
  EXPECT_TRUE(queue.empty());
  queue.end_busy_period();
  EXPECT_EQ(flows.in_use(), 0U);
}

TEST(FairQueue, AsManyTenantsAsThereIsRoomForAndNoMore) {
  Crowd crowd(3);
  EXPECT_TRUE(crowd.join(1, 1));
  EXPECT_TRUE(crowd.join(2, 1));
  EXPECT_TRUE(crowd.join(3, 1));
  EXPECT_FALSE(crowd.join(4, 1));
  EXPECT_TRUE(crowd.join(3, 1)) << "of a tenant who waits already";
  // One that has nobody waiting makes room.
  EXPECT_EQ(crowd.serve(), 1U);
  EXPECT_TRUE(crowd.join(4, 1));
  EXPECT_FALSE(crowd.join(1, 1));
  EXPECT_EQ(crowd.flows().in_use(), 3U);
}

TEST(FairQueue, TheOneWhoWasCalledIsNotForgottenForAnother) {
  FairFlows flows(1);
  FairQueue queue(flows);
  Waiter first;
  Waiter second;
  ASSERT_TRUE(queue.join(first, 1, 1, 1));
  ASSERT_EQ(queue.call(), &first);
  EXPECT_FALSE(queue.join(second, 2, 1, 1));
  queue.put_back();
  EXPECT_EQ(queue.call(), &first);
  queue.served();
  EXPECT_TRUE(queue.join(second, 2, 1, 1));
  queue.leave(second);
}

TEST(FairQueue, TagsNeverOverflow) {
  Crowd crowd;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(crowd.join(1, 1, UINT64_MAX));
    ASSERT_TRUE(crowd.join(2, 1, UINT64_MAX));
  }
  std::map<std::uint64_t, int> served;
  constexpr int kTurns = 3'000'000;  // 2^42 each: far beyond what 64 bits hold
  for (int i = 0; i < kTurns; ++i) {
    auto* called = static_cast<Waiter*>(crowd.queue().call());
    ++served[called->tenant];
    crowd.queue().served();
    ASSERT_TRUE(crowd.queue().join(*called, called->tenant, 1, UINT64_MAX));
  }
  EXPECT_LE(std::abs(served[1] - kTurns / 2), 1);
}

TEST(FairQueue, TellsHowMuchGoesToOthersFirst) {
  Crowd crowd;
  EXPECT_EQ(crowd.queue().cost_ahead(1, 1), 0U);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(crowd.join(1, 1));
    ASSERT_TRUE(crowd.join(2, 3));
  }
  // Ten of its own, and all of the one who has three times the weight.
  EXPECT_NEAR(static_cast<double>(crowd.queue().cost_ahead(1, 1)), 20, 1);
  // Ten of its own, and three or four of the other's.
  EXPECT_NEAR(static_cast<double>(crowd.queue().cost_ahead(2, 3)), 14, 1);
  // Who has nobody waiting is next, but for one of each.
  EXPECT_LE(crowd.queue().cost_ahead(3, 1), 2U);
}

// What it says holds: nobody waits for more than that.
TEST(FairQueue, NobodyHasMoreAheadThanHeWasTold) {
  std::mt19937_64 random(20'261'127);
  for (int round = 0; round < 200; ++round) {
    Crowd crowd;
    for (int i = 0; i < 60; ++i)
      ASSERT_TRUE(crowd.join(1 + random() % 5, 1 + random() % 10, 1 + random() % 4));
    const std::uint64_t told = crowd.queue().cost_ahead(9, 2);
    ASSERT_TRUE(crowd.join(9, 2, 1));
    std::uint64_t ahead = 0;
    for (;;) {
      auto* called = static_cast<Waiter*>(crowd.queue().call());
      ASSERT_NE(called, nullptr);
      const std::uint64_t tenant = called->tenant;
      const std::uint64_t cost = called->cost;
      crowd.queue().served();
      if (tenant == 9) break;
      ahead += cost;
    }
    EXPECT_LE(ahead, told + 5 * 4) << "to one request of each tenant";
  }
}

}  // namespace
}  // namespace headrace::policy

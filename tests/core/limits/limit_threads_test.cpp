// One limit, hammered by all shards at once, each a thread: counted to the last one.
#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/core/limits/admission_ledger.h"
#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kShards = 4;

LimitTerms day_at(Duration since, std::int64_t credit) {
  const auto number = static_cast<std::uint16_t>(20'000 + since / 2s);
  return LimitTerms::calendar(9, credit, number, limit_time((since / 2s + 1) * 2s).wall);
}

// What all shards get of the limit at one moment, until none gets any more; idle shares come back.
template <class TermsAt>
std::int64_t hammer(LimitWorld& world, TermsAt terms_at, Duration at) {
  std::atomic<std::int64_t> sum{0};
  std::vector<std::jthread> threads;
  for (std::uint32_t number = 0; number < kShards; ++number) {
    threads.emplace_back([&, number] {
      const auto shard = world.shard(number);
      std::int64_t mine = 0;
      while (spend(*shard, terms_at(at), 1, limit_time(at)))
        ++mine;
      shard->give_back_shares();
      while (spend(*shard, terms_at(at), 1, limit_time(at))) {
        ++mine;
        shard->give_back_shares();
      }
      sum += mine;
    });
  }
  threads.clear();
  const auto last = world.shard(0);
  while (spend(*last, terms_at(at), 1, limit_time(at))) {
    ++sum;
    last->give_back_shares();
  }
  return sum;
}

TEST(LimitThreads, AllShardsTogetherGetExactlyTheLimit) {
  for (const std::int64_t credit : {std::int64_t{7}, std::int64_t{20'000}}) {
    LimitWorld world{{.shards = kShards}};
    for (int round = 0; round < 5; ++round) {
      const Duration at = round * 2100ms;
      EXPECT_EQ(
          hammer(world, [&](Duration) { return LimitTerms::sliding(1, credit, 2s); }, at), credit);
      EXPECT_EQ(hammer(world, [&](Duration now) { return day_at(now, credit); }, at), credit);
      // What shares may hold is left of a large bucket's burst, and comes in steadily.
      const std::int64_t burst =
          hammer(world, [&](Duration) { return LimitTerms::bucket(2, credit, credit, 2s); }, at);
      EXPECT_LE(burst, credit);
      EXPECT_GE(burst, credit - credit / 64 - 1);
    }
  }
}

TEST(LimitThreads, ConcurrentPermitsAreNeverMoreThanTheLimitAndNeverLost) {
  LimitWorld world{{.shards = kShards}};
  const LimitTerms terms = LimitTerms::concurrency(1, 3);
  std::atomic<int> out{0};
  std::atomic<int> most{0};
  std::atomic<int> served{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t number = 0; number < kShards; ++number) {
      threads.emplace_back([&, number] {
        const auto shard = world.shard(number);
        const LimitDemand demand{.terms = terms, .amount = 1};
        for (int i = 0; i < 20'000; ++i) {
          Permit permit;
          if (shard->take({&demand, 1}, limit_time(0s), permit)) continue;
          const int now = ++out;
          for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
          }
          ++served;
          --out;
        }
      });
    }
  }
  EXPECT_LE(most, 3);
  EXPECT_GT(served, 0);
  EXPECT_EQ(world.shard(0)->read(terms, limit_time(0s)).remaining, 3);
}

// Bursts that alternate between the shards, across refills and windows' edges, in time that one
// thread moves while the others are at work.
TEST(LimitThreads, NoStretchHoldsMoreWhileTimeGoesOn) {
  LimitWorld world{{.shards = kShards}};
  const auto terms_at = [](std::size_t limit, Duration at) {
    switch (limit) {
      case 0:
        return LimitTerms::sliding(1, 50, 1s);
      case 1:
        return LimitTerms::sliding(2, 600, 1s);
      case 2:
        return LimitTerms::bucket(3, 20, 50, 1s);
      case 3:
        return LimitTerms::bucket(4, 400, 600, 1s);
      default:
        return day_at(at, 900);
    }
  };
  std::atomic<std::int64_t> clock{0};
  std::atomic<bool> over{false};
  std::vector<std::vector<std::vector<Admission>>> seen(kShards,
                                                        std::vector<std::vector<Admission>>(5));
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t number = 0; number < kShards; ++number) {
      threads.emplace_back([&, number] {
        const auto shard = world.shard(number);
        Random random(number);
        while (!over) {
          const Duration begin{clock.load()};
          if (begin / 30ms % kShards != number && random.one_in(2)) {
            std::this_thread::yield();
            continue;
          }
          const LimitTime now = limit_time(begin);
          if (shard->next_tending() <= now.monotonic) shard->tend(now);
          const auto limit = static_cast<std::size_t>(random.below(5));
          const auto amount = static_cast<std::int64_t>(1 + random.below(3));
          const LimitDemand demand{.terms = terms_at(limit, begin), .amount = amount};
          Permit permit;
          if (shard->take({&demand, 1}, now, permit)) continue;
          const Duration end{clock.load()};
          const auto used = static_cast<std::int64_t>(random.below(4)) % (amount + 1);
          seen[number][limit].push_back({.begin = now,
                                         .end = limit_time(end),
                                         .amount = used,
                                         .begin_window = demand.terms.window,
                                         .end_window = terms_at(limit, end).window});
          permit.settle({&used, 1}, limit_time(end));
        }
      });
    }
    for (int i = 0; i < 3000; ++i) {
      clock += (i % 100 == 0 ? 40ms : 1ms).count() * 1'000'000;
      std::this_thread::sleep_for(50us);
    }
    over = true;
  }
  for (std::size_t limit = 0; limit < 5; ++limit) {
    std::vector<Admission> all;
    for (const auto& of_shard : seen)
      all.insert(all.end(), of_shard[limit].begin(), of_shard[limit].end());
    EXPECT_FALSE(all.empty());
    EXPECT_EQ(judge_admissions(terms_at(limit, 0s), all), "") << "limit " << limit;
  }
}

}  // namespace
}  // namespace headrace::core

// The limits engine with every shared access a point at which another shard, or another process,
// may come in between, or at which a process may die.
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "core/limits/limit_recovery.h"
#include "tests/interleavings/busy_shards.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

// More with HEADRACE_LIMIT_SEEDS=<count>, one alone with HEADRACE_LIMIT_SEED=<seed>.
std::pair<std::uint64_t, std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("HEADRACE_LIMIT_SEED")) {
    const std::uint64_t seed = std::strtoull(one, nullptr, 10);
    return {seed, seed + 1};
  }
  const char* more = std::getenv("HEADRACE_LIMIT_SEEDS");
  return {0, more != nullptr ? std::strtoull(more, nullptr, 10) : count};
}

void expect_never_too_much(const BusyShards& shards, std::uint64_t seed) {
  for (std::size_t limit = 0; limit < BusyShards::kLimits; ++limit) {
    EXPECT_EQ(judge_admissions(shards.terms(limit), shards.admissions(limit)), "")
        << "limit " << limit << ", seed " << seed;
  }
  EXPECT_LE(shards.permits_out_most(), shards.terms(BusyShards::kConcurrency).credit)
      << "seed " << seed;
}

std::int64_t used_in(const BusyShards& shards, std::size_t limit, std::uint16_t window) {
  std::int64_t sum = 0;
  for (const Admission& one : shards.admissions(limit))
    sum += one.end_window == window ? one.amount : 0;
  return sum;
}

// Time for all that can come back to do so.
void expect_all_comes_back(BusyShards& shards, std::uint64_t seed) {
  const auto last = shards.world().shard(0, 2);
  shards.let_pass(4s);
  for (std::size_t limit = 0; limit < BusyShards::kLimits; ++limit) {
    const LimitTerms terms = shards.terms(limit);
    const LimitReading reading = last->read(terms, limit_time(shards.clock()));
    EXPECT_EQ(reading.remaining, terms.credit) << "limit " << limit << ", seed " << seed;
    EXPECT_FALSE(reading.closed) << "limit " << limit << ", seed " << seed;
  }
}

TEST(LimitsInterleaved, NeverMoreThanTheLimitInAnyStretchAndAllComesBack) {
  std::uint64_t slices = 0;
  for (auto [seed, end] = seeds(150); seed < end; ++seed) {
    BusyShards shards(seed,
                      {.lagging = seed % 2 == 1, .overruns = seed % 4 >= 2, .hot = seed % 3 == 0});
    shards.start(0);
    shards.run_to_end();
    shards.settle_all();
    expect_never_too_much(shards, seed);
    if (seed % 4 == 0) {  // neither late nor beyond: every count is known
      for (const std::size_t calendar : {4U, 5U}) {
        const LimitTerms terms = shards.terms(calendar);
        EXPECT_EQ(shards.world().shard(0, 2)->read(terms, limit_time(shards.clock())).remaining,
                  terms.credit - used_in(shards, calendar, terms.window))
            << "limit " << calendar << ", seed " << seed;
      }
    }
    expect_all_comes_back(shards, seed);
    slices += shards.slices();
  }
  const bool one_alone = std::getenv("HEADRACE_LIMIT_SEED") != nullptr;
  EXPECT_TRUE(one_alone || slices > 1000) << slices << " slices";
}

TEST(LimitsInterleaved, AKilledProcessRefillsNothingAndItsPermitsComeBack) {
  for (auto [seed, end] = seeds(80); seed < end; ++seed) {
    BusyShards shards(seed, {.lagging = seed % 2 == 1, .hot = seed % 3 == 0});
    Random random(seed);
    shards.start(0);
    shards.start(1);
    std::int64_t kills = 0;
    for (; kills < 6; ++kills) {
      shards.run(200 + random.below(3000));
      shards.kill(0);
      shards.recover(0);
      shards.start(0);
    }
    shards.run_to_end();
    shards.settle_all();
    expect_never_too_much(shards, seed);
    const auto last = shards.world().shard(0, 2);
    for (const std::size_t calendar : {4U, 5U}) {
      const LimitTerms terms = shards.terms(calendar);
      const std::int64_t left = last->read(terms, limit_time(shards.clock())).remaining;
      const std::int64_t used = used_in(shards, calendar, terms.window);
      if (seed % 2 == 0) {
        EXPECT_LE(left, terms.credit - used) << "seed " << seed;
      }
      // A slice on its way, or a request's amount, for each shard that was killed or recovered.
      const std::int64_t lost =
          kills * 2 * std::int64_t{BusyShards::kShards} *
          std::max<std::int64_t>(terms.credit / (std::int64_t{4} * BusyShards::kShards), 6);
      EXPECT_GE(left, terms.credit - used - lost) << "seed " << seed;
    }
    expect_all_comes_back(shards, seed);
  }
}

// What one shard does with each kind of limit in its life, from the first look-up to being
// forgotten.
void live_through_all(ShardLimits& shard, const BusyShards& terms, std::int64_t& permits_out) {
  for (const Duration at : {0ms, 1ms, 40ms, 900ms, 1100ms, 3100ms}) {
    for (int i = 0; i < 12; ++i) {
      std::vector<LimitDemand> demands;
      for (std::size_t limit = 0; limit <= BusyShards::kConcurrency; ++limit)
        demands.push_back({.terms = terms.terms(limit, at), .amount = 1});
      Permit permit;
      if (shard.take(demands, limit_time(at), permit)) continue;
      ++permits_out;
      const std::int64_t used[] = {0, 1, 0, 1, 2, 1, 1};
      permit.settle(used, limit_time(at));
      --permits_out;
    }
    shard.tend(limit_time(at + kShareHold));
  }
  shard.tend(limit_time(10min));
  const LimitDemand again{.terms = terms.terms(0, 10min), .amount = 1};
  Permit permit;
  std::ignore = shard.take({&again, 1}, limit_time(10min), permit);
  shard.reset(again.terms.identity);
}

TEST(LimitsInterleaved, AProcessMayDieBeforeAnyOfItsStores) {
  std::uint64_t point = 1;
  for (bool died = true; died; point += 1 + point / 400) {
    BusyShards terms(0, {});
    LimitWorld& world = terms.world();
    const auto shard = world.shard(0);
    std::int64_t permits_out = 0;
    const auto fiber = terms.schedule().add([&] { live_through_all(*shard, terms, permits_out); });
    died = terms.schedule().run_alone(fiber, point);
    terms.schedule().kill(fiber);
    recover_limits(world.memory(), 0, limit_time(11min));
    collect_lost_step_blocks(world.memory());
    const auto next = world.shard(0, 1);
    for (std::size_t limit = 0; limit < BusyShards::kLimits; ++limit) {
      const LimitDemand all{.terms = terms.terms(limit, 12min),
                            .amount = terms.terms(limit).credit * (limit == 3 ? 63 : 64) / 64};
      Permit permit;
      EXPECT_FALSE(next->take({&all, 1}, limit_time(12min), permit))
          << "limit " << limit << " after point " << point;
    }
  }
  EXPECT_GT(point, 1000U);
}

}  // namespace
}  // namespace headrace::core

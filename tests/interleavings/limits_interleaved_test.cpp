// The limits engine with every shared access a point at which another shard, or another process,
// may come in between, or at which a process may die.
#include <cstdlib>
#include <string>

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
      const std::int64_t lost = kills * 2 * std::int64_t{BusyShards::kShards} *
                                std::max<std::int64_t>(terms.credit / (4 * BusyShards::kShards), 6);
      EXPECT_GE(left, terms.credit - used - lost) << "seed " << seed;
    }
    expect_all_comes_back(shards, seed);
  }
}

}  // namespace
}  // namespace headrace::core

#include "policy/resilience/retry.h"

#include <array>
#include <span>

#include <gtest/gtest.h>

#include "policy/resilience/attempt.h"
#include "policy/resilience/latency_average.h"

namespace headrace::policy {
namespace {

using std::chrono::milliseconds;

constexpr core::Instant at(std::int64_t ms) {
  return core::Instant(milliseconds(7'000'000 + ms));
}

TEST(Backoff, DoublesFromTheBaseUpToItsMost) {
  const RetryRules rules;
  struct Row {
    std::uint32_t retries_before;
    std::uint32_t least;
    std::uint32_t most;
  };
  for (const Row& row : {Row{0, 500, 1'000}, Row{1, 1'000, 2'000}, Row{2, 2'000, 4'000},
                         Row{4, 8'000, 16'000}, Row{5, 15'000, 30'000}, Row{40, 15'000, 30'000}}) {
    std::uint32_t least = UINT32_MAX;
    std::uint32_t most = 0;
    for (std::uint64_t random = 0; random < 40'000; random += 7) {
      const auto delay = backoff_ms(rules, row.retries_before, 0, random);
      ASSERT_TRUE(delay);
      least = std::min(least, *delay);
      most = std::max(most, *delay);
    }
    EXPECT_GE(least, row.least);
    EXPECT_LE(least, row.least + 8);
    EXPECT_LE(most, row.most);
    EXPECT_GE(most, row.most - 8);
  }
}

TEST(Backoff, NeverComesSoonerThanTheProviderSaid) {
  const RetryRules rules;
  for (std::uint64_t random = 0; random < 5'000; random += 13) {
    const auto delay = backoff_ms(rules, 0, 20'000, random);
    ASSERT_TRUE(delay);
    EXPECT_GE(*delay, 20'000U);
    EXPECT_LE(*delay, 20'200U);
  }
  EXPECT_FALSE(backoff_ms(rules, 0, 30'001, 1));
}

TEST(RetryBudget, BoundsRetriesToAShareOfTheRequests) {
  const RetryRules rules;
  RetryBudget budget;
  int retries = 0;
  for (int i = 0; i < 1'000; ++i) {
    budget.on_request(rules, at(0));
    if (budget.take(rules, at(0))) ++retries;
    if (budget.take(rules, at(0))) ++retries;
  }
  EXPECT_GE(retries, 200);
  EXPECT_LE(retries, 200 + 10);
}

TEST(RetryBudget, GivesARouteWithLittleTrafficOneASecond) {
  const RetryRules rules;
  RetryBudget budget;
  while (budget.take(rules, at(0))) {
  }
  EXPECT_FALSE(budget.take(rules, at(999)));
  EXPECT_TRUE(budget.take(rules, at(1'000)));
  EXPECT_FALSE(budget.take(rules, at(1'000)));
  int later = 0;
  while (budget.take(rules, at(3'600'000)))
    ++later;
  EXPECT_EQ(later, 10) << "no more than the burst gathers";
}

TEST(AttemptEnd, FollowsFromTheStatus) {
  struct Row {
    std::uint16_t status;
    AttemptEnd end;
    bool retry;
    Blame blame;
  };
  using enum AttemptEnd;
  for (const Row& expected : {
           Row{200, answered, false, Blame::nobody},
           Row{204, answered, false, Blame::nobody},
           Row{307, answered, false, Blame::nobody},
           Row{400, refused, false, Blame::nobody},
           Row{401, key_refused, true, Blame::key},
           Row{402, account_spent, true, Blame::key},
           Row{403, key_refused, true, Blame::key},
           Row{404, refused, false, Blame::nobody},
           Row{408, busy, true, Blame::nobody},
           Row{409, busy, true, Blame::nobody},
           Row{413, refused, false, Blame::nobody},
           Row{422, refused, false, Blame::nobody},
           Row{429, rate_limited, true, Blame::key},
           Row{500, server_error, true, Blame::model},
           Row{502, server_error, true, Blame::model},
           Row{503, overloaded, true, Blame::model},
           Row{504, server_error, true, Blame::model},
           Row{529, overloaded, true, Blame::model},
       }) {
    const AttemptEnd end = end_of_status(expected.status);
    EXPECT_EQ(end, expected.end) << expected.status;
    EXPECT_EQ(row(end).retry, expected.retry) << expected.status;
    EXPECT_EQ(row(end).blame, expected.blame) << expected.status;
  }
}

TEST(AttemptEnd, NothingIsSentAgainOnceItsAnswerBegan) {
  for (const AttemptEnd end : {AttemptEnd::gap_timeout, AttemptEnd::truncated,
                               AttemptEnd::stream_error, AttemptEnd::client_left}) {
    EXPECT_FALSE(row(end).retry) << row(end).name;
  }
}

TEST(AttemptEnd, OnlyKeysAreBenched) {
  for (std::size_t i = 0; i < kAttemptEnds; ++i) {
    const AttemptRow& each = row(static_cast<AttemptEnd>(i));
    EXPECT_EQ(each.bench != BenchReason::none, each.blame == Blame::key) << each.name;
    if (each.proves) {
      EXPECT_NE(each.blame, Blame::model) << each.name;
    }
  }
}

TEST(LostAttempts, AreAllButTheOneThatWasHeard) {
  const std::array<Attempt, 3> attempts = {
      Attempt{.cost_micro_usd = 100, .input_tokens = 10, .end = AttemptEnd::first_byte_timeout},
      Attempt{.cost_micro_usd = 7, .input_tokens = 3, .end = AttemptEnd::answered},
      Attempt{.cost_micro_usd = 1, .input_tokens = 5, .end = AttemptEnd::beaten}};
  struct Row {
    std::size_t count;
    std::size_t heard;
    LostCost lost;
  };
  for (const Row& row :
       {Row{3, 1, {101, 15}}, Row{3, 0, {8, 8}}, Row{1, 0, {0, 0}}, Row{0, 0, {0, 0}}}) {
    const LostCost lost = cost_of_lost(std::span(attempts).first(row.count), row.heard);
    EXPECT_EQ(lost.micro_usd, row.lost.micro_usd) << row.count << " " << row.heard;
    EXPECT_EQ(lost.input_tokens, row.lost.input_tokens) << row.count << " " << row.heard;
    EXPECT_EQ(lost.any(), row.lost.any());
  }
}

// What may cost is what a provider had whole and nobody heard the answer of.
TEST(LostAttempts, OnlyTimeoutsAndRivalsMayCost) {
  for (std::size_t i = 0; i < kAttemptEnds; ++i) {
    const auto end = static_cast<AttemptEnd>(i);
    const bool expected = end == AttemptEnd::first_byte_timeout ||
                          end == AttemptEnd::total_timeout || end == AttemptEnd::beaten;
    EXPECT_EQ(row(end).may_cost, expected) << row(end).name;
  }
}

TEST(LatencyAverage, FollowsWhatIsSeenAndForgetsIt) {
  LatencyAverage average;
  EXPECT_EQ(average.micros(at(0)), 0U);
  average.add(milliseconds(80), at(0));
  EXPECT_EQ(average.micros(at(0)), 80'000U);
  average.add(milliseconds(160), at(0));
  EXPECT_EQ(average.micros(at(0)), 90'000U);
  EXPECT_EQ(average.micros(at(10'000)), 45'000U);
  EXPECT_EQ(average.micros(at(10'000'000)), 0U);
}

}  // namespace
}  // namespace headrace::policy

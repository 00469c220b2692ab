#include "policy/quota/reservation.h"

#include "tests/policy/quota/quota_world.h"

namespace headrace::policy {
namespace {

const std::string kTokens = "limits: [{measure: tokens, per: day, value: 9}]";
const std::string kMoney = "budgets: [{micro_usd: 9}]";

ReserveQuestion example() {
  ReserveQuestion ask;
  ask.input = 100;
  ask.input_soft = 80;
  ask.output_default = 4096;
  ask.output_soft = 200;
  ask.rates.in_fresh = 1'000'000;
  ask.rates.out_text = 2'000'000;
  return ask;
}

Reservation plan(const std::string& limit, std::int64_t left, const ReserveQuestion& ask) {
  QuotaWorld world(tenant_and_key(", " + limit));
  const std::array<std::int64_t, 1> lefts = {left};
  return plan_reservation(world.chain(QuotaStage::reserve), lefts, ask);
}

TEST(Reservation, FollowsTheMeasure) {
  struct Case {
    std::string limit;
    std::int64_t left;
    std::optional<std::int64_t> cap;  // the client's
    std::int64_t written;             // 0: nothing
    std::int64_t amount;
  };
  const std::string input = "limits: [{measure: input_tokens, per: day, value: 9}]";
  const std::string output = "limits: [{measure: output_tokens, per: day, value: 9}]";
  const Case cases[] = {
      {kTokens, 100'000, std::nullopt, 4096, 4196},
      {kTokens, 1100, std::nullopt, 1000, 1100},
      {kTokens, 1100, 50, 0, 150},
      {kTokens, 1100, 5000, 1000, 1100},
      {kTokens, 110, 5000, 16, 116},  // more than is left: the limit will refuse it
      {kTokens, 0, 5, 0, 105},
      {input, 100, std::nullopt, 4096, 100},
      {output, 500, std::nullopt, 500, 500},
      {kMoney, 1'000'000, 10, 0, 120},
      {kMoney, 1100, 10'000, 500, 1100},
      {kMoney, 99, 10, 0, 120},
  };
  for (const Case& one : cases) {
    ReserveQuestion ask = example();
    ask.output_cap = one.cap;
    const Reservation got = plan(one.limit, one.left, ask);
    EXPECT_EQ(got.write_cap ? *got.output_cap : 0, one.written) << one.limit << one.left;
    EXPECT_EQ(got.amounts[0], one.amount) << one.limit << one.left;
  }
}

TEST(Reservation, CountsEveryAnswer) {
  ReserveQuestion ask = example();
  ask.answers = 4;
  ask.output_cap = 1000;
  const Reservation got = plan(kTokens, 2100, ask);
  EXPECT_EQ(*got.output_cap, 500);
  EXPECT_EQ(got.amounts[0], 2100);
}

TEST(Reservation, NeverPlansMoreThanIsLeftWhereThatIsEnough) {
  for (std::int64_t left = 200; left < 6000; left += 97) {
    for (const std::int64_t answers : {1, 3}) {
      ReserveQuestion ask = example();
      ask.answers = answers;
      EXPECT_LE(plan(kTokens, left, ask).amounts[0], left);
      EXPECT_LE(plan(kMoney, left, ask).amounts[0], left);
    }
  }
}

TEST(Reservation, SoftLimitsReserveWhatIsLikelyAndWriteNoCap) {
  const Reservation got =
      plan("limits: [{measure: tokens, per: day, value: 9, action: soft}]", 0, example());
  EXPECT_FALSE(got.output_cap);
  EXPECT_FALSE(got.write_cap);
  EXPECT_EQ(got.amounts[0], 280);
}

TEST(Reservation, WhatHasNoOutputGetsNoCap) {
  ReserveQuestion ask = example();
  ask.has_output = false;
  const Reservation got = plan(kTokens, 500, ask);
  EXPECT_FALSE(got.write_cap);
  EXPECT_EQ(got.amounts[0], 100);
}

TEST(Reservation, SurvivesAbsurdNumbers) {
  ReserveQuestion ask = example();
  ask.output_cap = std::int64_t{1} << 53U;
  ask.answers = std::int64_t{1} << 53U;
  EXPECT_GE(plan(kTokens, core::kCreditMax, ask).amounts[0], 0);
}

}  // namespace
}  // namespace headrace::policy

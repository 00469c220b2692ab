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

// All that it can cost is what it is expected to.
ReserveQuestion without_slack() {
  ReserveQuestion ask = example();
  ask.input_soft = ask.input;
  ask.output_soft = ask.output_default = 1000;
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
      {input, 100, std::nullopt, 0, 100},  // says nothing of the output
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

TEST(Reservation, SaysWhichLimitPaysForNoMore) {
  QuotaWorld world(
      tenant_and_key(", limits: [{measure: tokens, per: day, value: 9},"
                     "{measure: tokens, per: month, value: 9}]"));
  const LimitChain chain = world.chain(QuotaStage::reserve);
  ReserveQuestion ask = example();
  ask.output_cap = 1000;
  const auto capped_by = [&](std::int64_t day, std::int64_t month) {
    const std::array<std::int64_t, 2> left = {day, month};
    return plan_reservation(chain, left, ask).capped_by;
  };
  EXPECT_EQ(capped_by(9999, 9999), std::nullopt);
  EXPECT_EQ(capped_by(1100, 9999), std::nullopt);
  EXPECT_EQ(capped_by(500, 9999), 0U);
  EXPECT_EQ(capped_by(9999, 500), 1U);
  EXPECT_EQ(capped_by(400, 500), 0U);
}

TEST(Reservation, ShrinksWithLimitsThatWereLoweredMeanwhile) {
  struct Case {
    std::string limits;
    std::int64_t debt;
    std::optional<std::int64_t> output;
  };
  // Reserved: 100 of input, 1000 of output; at a price of 1 for input and 2 for output.
  const std::string output = "limits: [{measure: output_tokens, per: day, value: 9}]";
  const std::string soft = "limits: [{measure: tokens, per: day, value: 9, action: soft}]";
  const Case cases[] = {
      {kTokens, 0, std::nullopt}, {kTokens, 1, 999},    {kTokens, 600, 400},
      {kTokens, 1000, 0},         {kTokens, 99'999, 0}, {output, 300, 700},
      {kMoney, 600, 700},         {kMoney, 2100, 0},    {soft, 600, std::nullopt},
  };
  for (const Case& one : cases) {
    QuotaWorld before(tenant_and_key(", " + one.limits));
    QuotaWorld now(tenant_and_key(", " + one.limits));
    const LimitChain chain = before.chain(QuotaStage::reserve);
    core::LimitWorld memory({});
    const auto shard = memory.shard(0);
    const ReserveQuestion ask = without_slack();
    const std::array<std::int64_t, 1> left = {100'000};
    const Reservation plan = plan_reservation(chain, left, ask);
    Taken held;
    core::LimitDemand demand{.terms = chain[0].terms, .amount = plan.amounts[0]};
    demand.terms.credit = 100'000;
    ASSERT_FALSE(shard->take({&demand, 1}, core::limit_time({}), held.permit));
    const std::array<std::int64_t, 1> debts = {one.debt};
    const auto borne = output_still_borne(held, now.chain(QuotaStage::reserve), debts, ask);
    EXPECT_EQ(borne ? std::optional(borne->output) : std::nullopt, one.output)
        << one.limits << one.debt;
    // Limits that the request holds nothing of are none of its business.
    QuotaWorld other(tenant_and_key(", limits: [{measure: tokens, per: month, value: 9}]"));
    EXPECT_FALSE(output_still_borne(held, other.chain(QuotaStage::reserve), debts, ask));
  }
}

TEST(Reservation, ShrinksWithTheOneThatWasLoweredMost) {
  QuotaWorld world(
      tenant_and_key(", limits: [{measure: tokens, per: day, value: 9}, "
                     "{measure: output_tokens, per: day, value: 9}]"));
  const LimitChain chain = world.chain(QuotaStage::reserve);
  ASSERT_EQ(chain.size(), 2U);
  core::LimitWorld memory({});
  const auto shard = memory.shard(0);
  const ReserveQuestion ask = without_slack();
  const std::array<std::int64_t, 2> left = {100'000, 100'000};
  const Reservation plan = plan_reservation(chain, left, ask);
  std::array<core::LimitDemand, 2> demands;
  for (std::size_t i = 0; i < demands.size(); ++i) {
    demands[i] = {.terms = chain[i].terms, .amount = plan.amounts[i]};
    demands[i].terms.credit = 100'000;
  }
  Taken held;
  ASSERT_FALSE(shard->take(demands, core::limit_time({}), held.permit));
  for (const std::size_t most : {0U, 1U}) {
    std::array<std::int64_t, 2> debts = {200, 200};
    debts[most] = 600;
    const auto borne = output_still_borne(held, chain, debts, ask);
    ASSERT_TRUE(borne);
    EXPECT_EQ(borne->output, 400) << most;
    EXPECT_EQ(borne->decided, most);
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

TEST(Reservation, WritesNoCapThatTheProviderWouldRefuse) {
  ReserveQuestion ask = example();
  ask.output_cap = 9000;
  EXPECT_EQ(*plan(kTokens, 2100, ask).output_cap, 2000);
  // The model is to think for so long at least: what is left is not enough, and is not asked for.
  ask.output_least = 5001;
  const Reservation got = plan(kTokens, 2100, ask);
  EXPECT_EQ(*got.output_cap, 5001);
  EXPECT_EQ(got.amounts[0], 5101);
  // A client whose own cap is below it has its reasons.
  ask.output_cap = 3000;
  EXPECT_EQ(*plan(kTokens, 2100, ask).output_cap, 2000);
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

#include "policy/price/cost.h"

#include <random>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

using core::MicroUsd;
using core::Tokens;

// Two dollars and a half for a million tokens in, ten for a million out.
PriceRates example_rates() {
  PriceRates rates;
  rates.in_fresh = 2'500'000;
  rates.in_cache_read = 1'250'000;
  rates.in_cache_write_5m = 3'125'000;
  rates.in_cache_write_1h = 5'000'000;
  rates.in_audio = 40'000'000;
  rates.in_image = 2'500'000;
  rates.out_text = 10'000'000;
  rates.out_reasoning = 12'000'000;
  rates.out_audio = 80'000'000;
  rates.out_image = 30'000'000;
  rates.request = 7;
  rates.web_search = 10'000;
  rates.web_fetch = 3;
  rates.audio_second = 100;
  return rates;
}

TEST(Cost, EveryKindHasItsOwnPrice) {
  struct Case {
    std::int64_t Usage::* field;
    std::int64_t count;
    std::int64_t micro_usd;  // beside the price of the request
  };
  const Case cases[] = {
      {&Usage::in_fresh, 1'000'000, 2'500'000},
      {&Usage::in_cache_read, 1000, 1250},
      {&Usage::in_cache_write_5m, 1000, 3125},
      {&Usage::in_cache_write_1h, 1000, 5000},
      {&Usage::in_audio, 100, 4000},
      {&Usage::in_image, 2, 5},
      {&Usage::out_text, 3, 30},
      {&Usage::out_reasoning, 3, 36},
      {&Usage::out_audio, 3, 240},
      {&Usage::out_image, 3, 90},
      {&Usage::web_searches, 2, 20'000},
      {&Usage::web_fetches, 2, 6},
      {&Usage::audio_seconds, 60, 6000},
      {&Usage::in_fresh, -1'000'000, 0},
  };
  for (const Case& one : cases) {
    Usage usage;
    usage.*one.field = one.count;
    EXPECT_EQ(cost_of(usage, example_rates()).count(), one.micro_usd + 7);
  }
  EXPECT_EQ(cost_of({}, example_rates()).count(), 7);
  EXPECT_EQ(cost_of({}, {}).count(), 0);
}

TEST(Cost, IsRoundedOnceAtTheEnd) {
  PriceRates rates;
  rates.in_fresh = 400'000;  // 0.4 micro-USD a token
  rates.out_text = 400'000;
  Usage usage;
  usage.in_fresh = 1;
  EXPECT_EQ(cost_of(usage, rates).count(), 0);
  usage.out_text = 1;
  EXPECT_EQ(cost_of(usage, rates).count(), 1);  // 0.8: rounding each would have lost it
  rates.in_fresh = 500'000;
  usage.out_text = 0;
  EXPECT_EQ(cost_of(usage, rates).count(), 1);  // a half goes up
  rates.in_fresh = 499'999;
  EXPECT_EQ(cost_of(usage, rates).count(), 0);
}

TEST(Cost, NeverWraps) {
  PriceRates rates;
  rates.in_fresh = kRateMicroUsdMax;
  rates.out_text = kRateMicroUsdMax;
  Usage usage;
  usage.in_fresh = usage.out_text = kCostMax;
  EXPECT_EQ(cost_of(usage, rates).count(), kCostMax);
  EXPECT_EQ(cost_bound(Tokens{kCostMax}, Tokens{kCostMax}, rates).count(), kCostMax);
  usage.out_text = 0;
  usage.in_fresh = kCostMax / 1'000'000;
  EXPECT_EQ(cost_of(usage, rates).count(), kCostMax / 1'000'000 * 1'000'000);
}

TEST(CostBound, IsNotBelowTheCostOfAnyMix) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::uint64_t> rate(0, 100'000'000);
  std::uniform_int_distribution<std::int64_t> tokens(0, 200'000);
  constexpr std::uint64_t PriceRates::* kRates[] = {
      &PriceRates::in_fresh,  &PriceRates::in_cache_read, &PriceRates::in_cache_write_5m,
      &PriceRates::in_audio,  &PriceRates::in_image,      &PriceRates::in_cache_write_1h,
      &PriceRates::out_text,  &PriceRates::out_reasoning, &PriceRates::out_audio,
      &PriceRates::out_image, &PriceRates::request};
  constexpr std::int64_t Usage::* kIn[] = {&Usage::in_fresh,          &Usage::in_cache_read,
                                           &Usage::in_cache_write_5m, &Usage::in_cache_write_1h,
                                           &Usage::in_audio,          &Usage::in_image};
  constexpr std::int64_t Usage::* kOut[] = {&Usage::out_text, &Usage::out_reasoning,
                                            &Usage::out_audio, &Usage::out_image};
  for (int round = 0; round < 2000; ++round) {
    PriceRates rates;
    for (const auto field : kRates)
      rates.*field = rate(random);
    Usage usage;
    for (const auto field : kIn)
      usage.*field = tokens(random);
    for (const auto field : kOut)
      usage.*field = tokens(random);
    EXPECT_LE(cost_of(usage, rates),
              cost_bound(Tokens{usage.in_total()}, Tokens{usage.out_total()}, rates));
  }
}

TEST(OutputPaidBy, IsTheLargestCountThatTheMoneyPays) {
  std::mt19937_64 random(2);
  std::uniform_int_distribution<std::uint64_t> rate(1, 100'000'000);
  std::uniform_int_distribution<std::int64_t> amount(0, 1'000'000);
  for (int round = 0; round < 2000; ++round) {
    PriceRates rates;
    rates.in_fresh = rate(random);
    rates.out_text = rate(random);
    rates.request = static_cast<std::uint64_t>(amount(random) % 100);
    const Tokens input{amount(random) % 5000};
    const MicroUsd money{amount(random)};
    const Tokens output = output_paid_by(money, input, rates);
    if (output.count() < 0) {
      EXPECT_GT(cost_bound(input, Tokens{0}, rates), money);
      continue;
    }
    EXPECT_LE(cost_bound(input, output, rates), money);
    EXPECT_GT(cost_bound(input, output + Tokens{1}, rates), money);
  }
}

TEST(OutputPaidBy, KnowsFreeOutputAndDebt) {
  PriceRates rates;
  rates.in_fresh = 1'000'000;
  EXPECT_EQ(output_paid_by(MicroUsd{10}, Tokens{10}, rates).count(), kCostMax);
  EXPECT_EQ(output_paid_by(MicroUsd{9}, Tokens{10}, rates).count(), -1);
  EXPECT_EQ(output_paid_by(MicroUsd{-5}, Tokens{0}, rates).count(), -1);
  EXPECT_EQ(output_paid_by(MicroUsd{0}, Tokens{0}, PriceRates{}).count(), kCostMax);
}

}  // namespace
}  // namespace headrace::policy

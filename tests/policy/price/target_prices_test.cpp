// What a route's targets cost: by their own model or the one asked for, at a moment, in a tier.
#include "policy/price/target_prices.h"

#include <gtest/gtest.h>

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy {
namespace {

using config::kListeners;
using config::kProvider;

constexpr std::string_view kWorld = R"(
routes:
  - models: ["*"]
    targets: [{provider: openai}, {provider: openai, model: large}, {provider: openai, model: free}]
prices:
  - {provider: openai, models: [gpt-4o], input_micro_usd: 100, output_micro_usd: 400}
  - {provider: openai, models: [gpt-4o], from: 2026-06-01, input_micro_usd: 80, output_micro_usd: 300}
  - {provider: openai, models: [gpt-4o], service_tier: priority, input_micro_usd: 170, output_micro_usd: 20}
  - {provider: openai, models: [large], input_micro_usd: 900}
)";
constexpr std::int64_t kMay = 1'779'000'000;   // 2026-05-17
constexpr std::int64_t kJune = 1'780'272'000;  // 2026-06-01 00:00

class TargetPricesTest : public testing::Test {
 protected:
  TargetPricesTest() : config_(config::text_of({kListeners, kProvider, kWorld})) {}
  void SetUp() override { ASSERT_TRUE(config_.good()); }

  [[nodiscard]] const config::Target& target(std::size_t number) const {
    return config_.view.targets(*config_.view.find_route(Dialect::openai, "gpt-4o"))[number];
  }
  [[nodiscard]] TargetPrices at(std::int64_t unix_seconds) const {
    return {config_.view, unix_seconds};
  }
  void raise(PriceRates& rates, const config::Target& target) const {
    at(kMay).raise(rates, target, "gpt-4o", *at(kMay).of(target, "gpt-4o"));
  }

  config::OpenConfig config_;
};

TEST_F(TargetPricesTest, GoByTheTargetsModelOrTheOneAskedFor) {
  EXPECT_EQ(at(kMay).of(target(0), "gpt-4o")->rates.in_fresh, 100U);
  EXPECT_EQ(at(kJune).of(target(0), "gpt-4o")->rates.in_fresh, 80U);
  EXPECT_EQ(at(kMay).of(target(1), "gpt-4o")->rates.in_fresh, 900U);
  EXPECT_EQ(at(kMay).of(target(2), "gpt-4o"), nullptr);
}

TEST_F(TargetPricesTest, RaiseToTheDearestTierOfEachKind) {
  PriceRates rates{.in_fresh = 120, .web_search = 3};
  raise(rates, target(0));
  EXPECT_EQ(rates.in_fresh, 170U);  // priority
  EXPECT_EQ(rates.out_text, 400U);  // the usual one
  EXPECT_EQ(rates.web_search, 3U);
  raise(rates, target(1));
  EXPECT_EQ(rates.in_fresh, 900U);
  EXPECT_EQ(rates.out_text, 400U);
}

TEST_F(TargetPricesTest, SettleByTheTierThatTheAnswerNames) {
  const TargetPrices prices = at(kJune);
  const config::Price* usual = prices.of(target(0), "gpt-4o");
  const TierPriceRows rows = prices.tiers(target(0), "gpt-4o");
  const config::QuotaView& quota = config_.view.quota();
  EXPECT_EQ(price_in_tier(quota, usual, rows, ""), usual);
  EXPECT_EQ(price_in_tier(quota, usual, rows, "default"), usual);
  EXPECT_EQ(price_in_tier(quota, usual, rows, "priority")->rates.in_fresh, 170U);
  // No price of its own: that of the day.
  EXPECT_EQ(price_in_tier(quota, usual, rows, "flex")->rates.in_fresh, 80U);
  EXPECT_EQ(price_in_tier(quota, nullptr, TierPriceRows{}, "priority"), nullptr);
}

}  // namespace
}  // namespace headrace::policy

// Plans, limits, budgets, credits and prices of a config: what is refused, and what the base says.
#include <gtest/gtest.h>

#include "policy/config/effective_yaml.h"
#include "policy/config/quota_names.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kPlans = R"(plans:
  - name: free
    models: ["gpt-4o"]
    limits:
      - {measure: requests, per: minute, value: 10}
      - {measure: requests, per: day, value: 500}
      - {measure: tokens, per: day, value: 50000}
      - {measure: concurrent, value: 5}
    budgets:
      - {per: month, micro_usd: 5000000, warn_percent: [95, 50, 80], action: soft}
  - name: open
    limits:
      - {measure: requests, per: second, value: 100, burst: 500, each: user}
)";
constexpr std::string_view kScopes = R"(organisations:
  - {name: holding, limits: [{measure: micro_usd, per: day, value: 9, each: tenant}]}
tenants:
  - name: acme
    organisation: holding
    plan: free
    time_zone: Europe/Berlin
    limits:
      - {measure: requests, per: minute, value: 20}
      - {measure: requests, per: day, unlimited: true}
      - {measure: requests, per: hour, value: 7, model: "gpt-*", name: few}
    credits: [{micro_usd: 100, note: "May"}, {micro_usd: 50}]
  - {name: other, plan: open}
projects: [{name: p, tenant: acme, budgets: [{per: total, micro_usd: 3, on_failure: open}]}]
users: [{name: u, tenant: acme, plan: open}]
keys:
  - {name: a, key: "${HEADRACE_KEY}", tenant: acme, project: p, user: u, bypass_limits: true}
  - {name: b, sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad,
     tenant: other, limits: [{measure: output_tokens, per: minute, value: 1}]}
)";
constexpr std::string_view kPrices = R"(prices:
  - provider: openai
    models: [gpt-4o, "gpt-*"]
    input_micro_usd: 2500000
    output_micro_usd: 10000000
  - {provider: openai, models: [gpt-4o], from: 2026-06-01, input_micro_usd: 2000000,
     cached_input_micro_usd: 0, cache_write_micro_usd: 7, output_micro_usd: 8000000}
  - {provider: openai, models: ["gpt-4o-m*"], input_micro_usd: 1, image_tokens_max: 50000}
weights:
  - {path: "/v1/workflows/*/execute", requests: 50}
  - {path: "/v1/free/**", requests: 0}
quota: {output_tokens_default: 1000}
)";

std::string whole() {
  return text_of({kListeners, kProvider, kRoute, kPlans, kScopes, kPrices});
}

std::string names(const QuotaView& quota, const ConfigView& view, RowRef limits) {
  std::string text;
  for (const LimitRule& rule : quota.rules(limits))
    text += std::string(view.text(rule.name)) + "=" + std::to_string(rule.value) + " ";
  return text;
}

TEST(Quota, OwnLimitsStandInThePlaceOfThePlans) {
  const OpenConfig config(whole());
  ASSERT_TRUE(config.good());
  const QuotaView& quota = config.view.quota();
  const Tenant& acme = config.view.tenants()[0];
  EXPECT_EQ(names(quota, config.view, acme.limits),
            "tokens_per_day=50000 concurrent=5 budget_per_month=5000000 requests_per_minute=20 "
            "few=7 credits=150 ");
  EXPECT_EQ(quota.plan(acme.limits), &quota.plans()[0]);
  const ApiKey& key = config.view.keys()[1];
  EXPECT_EQ(names(quota, config.view, key.limits), "output_tokens_per_minute=1 ");
  EXPECT_EQ(quota.plan(key.limits), nullptr);
  EXPECT_TRUE(config.view.keys()[0].limits.none());
  EXPECT_EQ(config.view.scopes().rights(config.view.keys()[0]).bypass_limits, Switch::on);
}

TEST(Quota, APlanSaysWhichModelsMayBeAskedFor) {
  const OpenConfig config(whole());
  ASSERT_TRUE(config.good());
  const Caller acme = config.view.scopes().caller(config.view.keys()[0]);
  EXPECT_TRUE(config.view.allows(acme, "gpt-4o"));
  EXPECT_FALSE(config.view.allows(acme, "gpt-5"));
  const Caller other = config.view.scopes().caller(config.view.keys()[1]);
  EXPECT_TRUE(config.view.allows(other, "gpt-5"));
}

TEST(Quota, WarningsAreInOrderAndWindowsAreOfTheRightKind) {
  const OpenConfig config(whole());
  ASSERT_TRUE(config.good());
  const QuotaView& quota = config.view.quota();
  const LimitRule& budget = quota.rules(quota.plans()[0]).back();
  EXPECT_EQ(budget.warn_percent, (std::array<std::uint8_t, 4>{50, 80, 95, 0}));
  EXPECT_EQ(budget.action, LimitAction::soft);
  const LimitRule& burst = quota.rules(quota.plans()[1]).front();
  EXPECT_TRUE(is_bucket(burst));
  EXPECT_EQ(burst.burst, 500U);
  EXPECT_EQ(burst.each, LimitEach::user);
  EXPECT_FALSE(is_bucket(quota.rules(quota.plans()[0]).front()));
}

TEST(Quota, AnIdentityStaysWhateverElseChanges) {
  const OpenConfig config(whole());
  std::string changed = whole();
  for (const auto& [from, to] :
       {std::pair("per: minute, value: 20", "per: minute, value: 999, name: x, action: soft"),
        std::pair("few", "many")}) {
    changed.replace(changed.find(from), std::string(from).size(), to);
  }
  const OpenConfig again(changed);
  ASSERT_TRUE(config.good() && again.good());
  const auto signatures = [](const OpenConfig& from) {
    std::vector<std::uint64_t> all;
    for (const LimitRule& rule : from.view.quota().rules(from.view.tenants()[0].limits))
      all.push_back(rule.signature);
    return all;
  };
  EXPECT_EQ(signatures(config), signatures(again));
  const std::vector<std::uint64_t> all = signatures(config);
  EXPECT_EQ(std::set<std::uint64_t>(all.begin(), all.end()).size(), all.size());
}

TEST(Quota, PricesAreFoundByNamePatternAndDay) {
  const OpenConfig config(whole());
  ASSERT_TRUE(config.good());
  const QuotaView& quota = config.view.quota();
  constexpr std::int64_t kMay = 1'779'000'000;   // 2026-05-17
  constexpr std::int64_t kJune = 1'780'272'000;  // 2026-06-01 00:00
  const auto input = [&](std::string_view model, std::int64_t at) {
    const Price* price = quota.find_price(0, model, at);
    return price == nullptr ? 0 : price->rates.in_fresh;
  };
  EXPECT_EQ(input("gpt-4o", kMay), 2'500'000U);
  EXPECT_EQ(input("gpt-4o", kJune - 1), 2'500'000U);
  EXPECT_EQ(input("gpt-4o", kJune), 2'000'000U);
  EXPECT_EQ(input("gpt-5", kMay), 2'500'000U);
  EXPECT_EQ(input("gpt-4o-mini", kMay), 1U);
  EXPECT_EQ(input("claude", kMay), 0U);
  EXPECT_EQ(input("gpt-4o", -1), 0U);
  EXPECT_EQ(quota.find_price(1, "gpt-4o", kMay), nullptr);
  EXPECT_NE(quota.find_price(0, "gpt-4o", kMay)->version,
            quota.find_price(0, "gpt-4o", kJune)->version);
}

TEST(Quota, PricesAreFoundByServiceTier) {
  const OpenConfig config(text_of({kListeners, kProvider, kRoute, R"(
prices:
  - {provider: openai, models: [gpt-4o], input_micro_usd: 100}
  - {provider: openai, models: [gpt-4o], service_tier: flex, input_micro_usd: 50}
  - {provider: openai, models: [gpt-4o], service_tier: flex, from: 2026-06-01, input_micro_usd: 40}
  - {provider: openai, models: ["gpt-*"], service_tier: priority, input_micro_usd: 200}
)"}));
  ASSERT_TRUE(config.good());
  constexpr std::int64_t kMay = 1'779'000'000;   // 2026-05-17
  constexpr std::int64_t kJune = 1'780'272'000;  // 2026-06-01 00:00
  struct Case {
    std::string_view said;
    std::int64_t at;
    std::uint64_t input;
  };
  const Case cases[] = {
      {"", kMay, 100},      {"default", kMay, 100},   {"standard", kMay, 100},
      {"flex", kMay, 50},   {"flex", kJune, 40},      {"priority", kMay, 200},
      {"batch", kMay, 100}, {"ON_DEMAND", kMay, 100}, {"FLEX", kMay, 100},
  };
  for (const Case& one : cases) {
    const Price* price =
        config.view.quota().find_price(0, "gpt-4o", one.at, service_tier_of(one.said));
    ASSERT_NE(price, nullptr) << one.said;
    EXPECT_EQ(price->rates.in_fresh, one.input) << one.said;
  }
  // A price of a tier alone is none of the usual one.
  EXPECT_EQ(config.view.quota().find_price(0, "gpt-5", kMay), nullptr);
  EXPECT_NE(config.view.quota().find_price(0, "gpt-5", kMay, ServiceTier::priority), nullptr);
  const auto versions = [&](ServiceTier tier) {
    return config.view.quota().find_price(0, "gpt-4o", kMay, tier)->version;
  };
  EXPECT_NE(versions(ServiceTier::standard), versions(ServiceTier::flex));
}

TEST(Quota, RatesThatAreNotGivenFollowFromOthers) {
  const OpenConfig config(whole());
  ASSERT_TRUE(config.good());
  const PriceRates& first = config.view.quota().prices()[0].rates;
  EXPECT_EQ(first.in_cache_read, 2'500'000U);
  EXPECT_EQ(first.in_cache_write_1h, 2'500'000U);
  EXPECT_EQ(first.out_reasoning, 10'000'000U);
  const PriceRates& second = config.view.quota().prices()[1].rates;
  EXPECT_EQ(second.in_cache_read, 0U);
  EXPECT_EQ(second.in_cache_write_1h, 7U);
  EXPECT_EQ(config.view.quota().prices()[2].image_tokens_max, 50'000U);
}

TEST(Quota, EndpointsHaveWeights) {
  const OpenConfig config(whole());
  ASSERT_TRUE(config.good());
  const QuotaView& quota = config.view.quota();
  EXPECT_EQ(quota.weight("/v1/workflows/abc/execute"), 50U);
  EXPECT_EQ(quota.weight("/v1/workflows/abc/d/execute"), 1U);
  EXPECT_EQ(quota.weight("/v1/free/x/y"), 0U);
  EXPECT_EQ(quota.weight("/v1/free/../workflows"), 1U);
  EXPECT_EQ(quota.settings().output_tokens_default, 1000U);
}

TEST(Quota, PrintsAndCompilesToTheSameBaseAgain) {
  const OpenConfig config(whole());
  ASSERT_TRUE(config.good());
  std::string printed = effective_yaml(config.view);
  const std::string hidden = "\"" + std::string(kSealedText) + "\"";
  printed.replace(printed.find(hidden), hidden.size(), "\"${OPENAI_API_KEY}\"");
  const OpenConfig again(printed);
  ASSERT_TRUE(again.good()) << printed;
  EXPECT_EQ(again.base, config.base) << printed;
}

TEST(Quota, SaysWhatIsWrong) {
  struct Case {
    std::string_view yaml;
    std::string_view error;
  };
  const Case cases[] = {
      {"tenants: [{name: t, plan: gone}]", "there is no plan `gone`"},
      {"plans: [{name: a}, {name: a}]", "plan `a`"},
      {"tenants: [{name: t, limits: [{measure: requests}]}]", "has no `value`"},
      {"tenants: [{name: t, limits: [{measure: requests, value: 1, unlimited: true}]}]",
       "`value` does not go with a limit that is unlimited"},
      {"tenants: [{name: t, limits: [{measure: concurrent, value: 1, per: minute}]}]",
       "`per` does not go with"},
      {"tenants: [{name: t, limits: [{measure: tokens, per: day, value: 1, window: sliding}]}]",
       "is of a day or longer"},
      {"tenants: [{name: t, limits: [{measure: tokens, per: hour, value: 1, burst: 2}]}]",
       "is no bucket"},
      {"tenants: [{name: t, limits: [{measure: tokens, value: 1}, {measure: tokens, value: 2}]}]",
       "another limit for the same measure and window"},
      {"tenants: [{name: t, limits: [{measure: tokens, value: 1, each: tenant}]}]",
       "`each` must name something below"},
      {"users: [{name: t, limits: [{measure: tokens, value: 1, each: project}]}]",
       "`each` must name something below"},
      {"tenants: [{name: t, budgets: [{per: hour, micro_usd: 1}]}]",
       "a budget is per day, per month or in total"},
      {"tenants: [{name: t, budgets: [{micro_usd: 1, warn_percent: [101]}]}]",
       "no share of a budget"},
      {"tenants: [{name: t, limits: [{measure: tokens, value: 70368744177665}]}]", "out of range"},
      {"tenants: [{name: t, credits: [{micro_usd: 70368744177664}, {micro_usd: 1}]}]",
       "more than can be counted"},
      {"tenants: [{name: t, time_zone: Mars/Olympus}]", "there is no time zone `Mars/Olympus`"},
      {"tenants: [{name: t, time_zone: ../../etc/passwd}]", "there is no time zone"},
      {"prices: [{provider: x, models: [a]}]", "there is no provider `x`"},
      {"prices: [{provider: openia, models: [a]}]", "did you mean `openai`?"},
      {"prices: [{provider: openai, models: [a], from: 2026-02-30}]", "`from` is no day"},
      {"prices: [{provider: openai, models: [a]}, {provider: openai, models: [a]}]",
       "has two prices from the same day"},
      {"prices: [{provider: openai, models: [a], service_tier: fast}]", "service_tier"},
      {"weights: [{path: /a/../b, requests: 1}]", "dot segment"},
  };
  for (const Case& one : cases) {
    const std::string errors = errors_of(text_of({kListeners, kProvider, kRoute, one.yaml, "\n"}));
    EXPECT_TRUE(errors.contains(one.error)) << one.yaml << "\n" << errors;
  }
}

TEST(Quota, PatternsOfPricesAreBoundedInNumber) {
  const auto with_patterns = [](std::size_t count) {
    std::string yaml = text_of({kListeners, kProvider, kRoute, "prices:\n"});
    for (std::size_t i = 0; i < count; ++i)
      yaml += "  - {provider: openai, models: [\"m" + std::to_string(i) + "*\"]}\n";
    return yaml;
  };
  EXPECT_EQ(errors_of(with_patterns(kPricePatternsMax)), "");
  const std::string errors = errors_of(with_patterns(kPricePatternsMax + 1));
  EXPECT_TRUE(errors.contains("more than 256 patterns in prices")) << errors;
}

TEST(Quota, ARequestsLimitsAreBoundedInNumber) {
  const auto limits = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += (i == 0 ? "" : ", ");
      text += "{measure: requests, value: 1, model: m" + std::to_string(i) + "}";
    }
    return "limits: [" + text + "]";
  };
  const auto config = [&](int of_key) {
    return text_of({kListeners, kProvider, kRoute}) + "organisations: [{name: o, " + limits(8) +
           "}]\ntenants: [{name: default, organisation: o, " + limits(8) +
           "}]\nkeys: [{name: k, key: \"${HEADRACE_KEY}\", " + limits(of_key) + "}]\n";
  };
  EXPECT_EQ(errors_of(config(8)), "");
  const std::string more = text_of({kListeners, kProvider, kRoute}) + "users: [{name: u, " +
                           limits(1) + "}]\norganisations: [{name: o, " + limits(8) +
                           "}]\ntenants: [{name: default, organisation: o, " + limits(8) +
                           "}]\nkeys: [{name: k, key: \"${HEADRACE_KEY}\", " + limits(8) + "}]\n";
  EXPECT_TRUE(errors_of(more).contains("a request could have 25 limits of one kind"))
      << errors_of(more);
  EXPECT_TRUE(errors_of(config(9)).contains("has 9 entries")) << errors_of(config(9));
}

}  // namespace
}  // namespace headrace::policy::config

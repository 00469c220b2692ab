// Options by which requests get past what fails: defaults, what they come down to, and what is
// refused.
#include <gtest/gtest.h>

#include "policy/config/config_view.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kKeys = R"(
providers:
  - name: openai
    dialect: openai
    url: https://api.openai.com/v1
    keys:
      - {name: first, credential: "${OPENAI_API_KEY}", weight: 3}
      - {name: second, credential: "${ANTHROPIC_API_KEY}", drain: true}
    key_bench_ms: 1000
)";
constexpr std::string_view kRoute = R"(
routes:
  - models: [gpt-4o]
    targets: [{provider: openai}]
)";

TEST(ResilienceConfig, DefaultsAreWhatIsPromised) {
  const OpenConfig config(text_of({kListeners, kProvider, kRoute}));
  ASSERT_TRUE(config.good());
  const ProviderResilience& provider = config.view.resilience(config.view.providers()[0]);
  EXPECT_EQ(provider.breaker, BreakerRules{});
  EXPECT_EQ(provider.health, HealthRules{});
  EXPECT_EQ(provider.key_bench_ms, 300'000U);
  EXPECT_TRUE(config.view.keys(config.view.providers()[0]).empty());
  const RouteResilience& route = config.view.resilience(config.view.routes()[0]);
  EXPECT_EQ(route.retry, RetryRules{});
  EXPECT_EQ(route.balance, Balance::weight);
  EXPECT_EQ(route.hedge, HedgeRules{});
  EXPECT_EQ(route.lost_attempts, LostAttempts::absorbed);
  EXPECT_EQ(route.comment_interval_ms, 0U);
}

constexpr std::string_view kDefaults = R"(
defaults:
  breaker: {failures: 7, open_ms: 2000}
  retry: {tries: 2, base_ms: 50}
  hedge: {after_ms: 900}
  lost_attempts: charged
)";
constexpr std::string_view kTwoProviders = R"(
providers:
  - {name: one, dialect: openai, url: "https://a.b", credential: abc}
  - name: two
    dialect: openai
    url: https://a.b
    credential: abc
    breaker: {open_ms: 3000}
)";

TEST(ResilienceConfig, WhatIsNotSaidIsInherited) {
  const OpenConfig config(text_of({kListeners, kDefaults, kTwoProviders, R"(
routes:
  - {models: [inherits], targets: [{provider: one}, {provider: two}]}
  - models: [overrides]
    targets: [{provider: one}, {provider: two}]
    retry: {tries: 3}
    hedge: {after_ms: 0}
    lost_attempts: absorbed
  - {models: [nowhere-else], targets: [{provider: one}]}
)"}));
  ASSERT_TRUE(config.good());
  const ConfigView& view = config.view;
  const auto breaker = [&](std::size_t provider) {
    return view.resilience(view.providers()[provider]).breaker;
  };
  EXPECT_EQ(breaker(0).failures, 7U);
  EXPECT_EQ(breaker(0).open_ms, 2'000U);
  EXPECT_EQ(breaker(0).successes, BreakerRules{}.successes);
  EXPECT_EQ(breaker(1).failures, 7U);
  EXPECT_EQ(breaker(1).open_ms, 3'000U);
  const RouteResilience& inherits = view.resilience(view.routes()[0]);
  EXPECT_EQ(inherits.retry.tries, 2U);
  EXPECT_EQ(inherits.retry.base_ms, 50U);
  EXPECT_EQ(inherits.retry.max_ms, RetryRules{}.max_ms);
  EXPECT_EQ(inherits.hedge.after_ms, 900U);
  EXPECT_EQ(inherits.lost_attempts, LostAttempts::charged);
  const RouteResilience& overrides = view.resilience(view.routes()[1]);
  EXPECT_EQ(overrides.retry.tries, 3U);
  EXPECT_EQ(overrides.retry.base_ms, 50U);
  EXPECT_EQ(overrides.hedge.after_ms, 0U);
  EXPECT_EQ(overrides.lost_attempts, LostAttempts::absorbed);
  EXPECT_EQ(view.resilience(view.routes()[2]).hedge.after_ms, 0U) << "it has one target";
}

// Nobody's `retry:` says the contradiction, so the line of `defaults` is told, once.
TEST(ResilienceConfig, ContradictionsOfDefaultsAreToldOnce) {
  const std::string errors = errors_of(
      text_of({kListeners, "defaults:\n  retry: {base_ms: 10, max_ms: 9}\n", kProvider, kRoute}));
  const std::string_view complaint = "`base_ms` (10) is above `max_ms` (9)";
  EXPECT_TRUE(errors.contains(complaint)) << errors;
  EXPECT_EQ(errors.find(complaint), errors.rfind(complaint)) << errors;
}

TEST(ResilienceConfig, KeysOfAProviderAreSealedEachForItself) {
  const OpenConfig config(text_of({kListeners, kKeys, kRoute}));
  ASSERT_TRUE(config.good());
  const auto keys = config.view.keys(config.view.providers()[0]);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(config.view.text(keys[0].name), "first");
  EXPECT_EQ(keys[0].weight, 3U);
  EXPECT_EQ(keys[0].drain, Switch::off);
  EXPECT_EQ(keys[1].drain, Switch::on);
  EXPECT_TRUE(config.view.providers()[0].credential.empty());
}

TEST(ResilienceConfig, RefusesWhatContradictsItself) {
  struct Row {
    std::string_view provider_lines;
    std::string_view complaint;
  };
  const Row rows[] = {
      {"    credential: abc\n    keys: [{name: a, credential: abc}]\n",
       "has both `credential` and `keys`"},
      {"    auth: none\n    keys: [{name: a, credential: abc}]\n", "has keys and `auth: none`"},
      {"    keys: [{name: a, credential: abc}, {name: a, credential: abc}]\n", "the key `a`"},
      {"    keys: [{name: a, credential: abc, drain: true}]\n", "drains all of its keys"},
      {"    credential: abc\n    breaker: {failures: 0, open_ms: 5000}\n",
       "`open_ms` of a breaker that never opens"},
      {"    credential: abc\n    health: {interval_ms: 1000, timeout_ms: 1001}\n",
       "is above `interval_ms`"},
      {"    credential: abc\n    health: {probe: connect, path: /x}\n",
       "`path` of a health check that only connects"},
      {"    credential: abc\n    health: {path: x}\n", "is no path with a slash"},
  };
  for (const Row& row : rows) {
    const std::string errors = errors_of(
        text_of({kListeners, "providers:\n  - name: p\n    dialect: openai\n    url: https://a.b\n",
                 row.provider_lines}));
    EXPECT_TRUE(errors.contains(row.complaint)) << errors;
  }
  const std::string route = text_of({kListeners, kProvider, kRoute});
  EXPECT_TRUE(errors_of(route + "    retry: {base_ms: 10, max_ms: 9}\n")
                  .contains("`base_ms` (10) is above `max_ms` (9)"));
  EXPECT_TRUE(errors_of(route + "    retry: {tries: 5}\n").contains("is out of range"));
  EXPECT_TRUE(errors_of(route + "    hedge: {after_ms: 5}\n")
                  .contains("a hedge on a route with one target"));
  const std::string two = text_of({kListeners, kTwoProviders, R"(
routes:
  - models: [gpt-4o]
    targets: [{provider: one}, {provider: two}]
    hedge: {after_ms: 5}
)"});
  EXPECT_EQ(errors_of(two), "");
  EXPECT_TRUE(
      errors_of(two + "    retry: {tries: 1}\n").contains("a hedge on a route that tries once"));
}

}  // namespace
}  // namespace headrace::policy::config

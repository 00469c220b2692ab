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
  EXPECT_EQ(route.comment_interval_ms, 0U);
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
}

}  // namespace
}  // namespace headrace::policy::config

// Limits of what requests are sent to: of routes, providers and their keys.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "policy/quota/limit_chain.h"
#include "tests/core/limits/limit_world.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy {
namespace {

using config::errors_of;
using config::kListeners;
using config::OpenConfig;
using config::text_of;

const std::string kProviders = R"(
providers:
  - name: one
    dialect: openai
    url: https://one.example/v1
    limits: [{measure: requests, per: minute, value: 1}]
    keys:
      - {name: first, credential: "${OPENAI_API_KEY}", limits: [{measure: tokens, value: 2}]}
      - {name: second, credential: "${OPENAI_API_KEY}", limits: [{measure: tokens, value: 2}]}
  - {name: two, dialect: openai, url: "https://two.example/v1", credential: "${OPENAI_API_KEY}"}
)";
const std::string kRoutes = R"(
routes:
  - name: chat
    models: ["a*"]
    targets: [{provider: one}]
    limits: [{measure: concurrent, value: 3}, {measure: requests, value: 4, model: "ab*"}]
    queue: {waiting_max: 5, wait_max_ms: 6000}
  - {models: [b], targets: [{provider: two}]}
)";

class TargetLimits : public testing::Test {
 protected:
  OpenConfig config{text_of({kListeners, kProviders, kRoutes})};
  CalendarWindows windows;

  LimitChain chain(const config::Route& route, std::size_t key, std::string_view model = "a") {
    const config::ConfigView& view = config.view;
    const config::Provider& provider = view.provider(view.targets(route)[0]);
    LimitChain chain;
    for (const QuotaStage stage : {QuotaStage::admit, QuotaStage::reserve}) {
      const ChainQuestion ask{.config = &view,
                              .windows = &windows,
                              .stage = stage,
                              .model = model,
                              .now = core::limit_time({})};
      chain_limits(ask, route, chain);
      chain_limits(ask, provider, chain);
      if (!view.keys(provider).empty()) {
        chain_limits(ask, provider, view.keys(provider)[key], chain);
      }
    }
    return chain;
  }
  static std::string values(const LimitChain& chain) {
    std::string text;
    for (const ChainedLimit& limit : chain.limits())
      text += std::string(to_text(limit.scope)) + "=" + std::to_string(limit.rule->value) + " ";
    return text;
  }
};

TEST_F(TargetLimits, AreThoseOfTheRouteTheProviderAndItsKey) {
  ASSERT_TRUE(config.good());
  const auto routes = config.view.routes();
  EXPECT_EQ(values(chain(routes[0], 0)), "route=3 provider=1 provider_key=2 ");
  EXPECT_EQ(values(chain(routes[0], 0, "abc")), "route=3 route=4 provider=1 provider_key=2 ");
  EXPECT_EQ(values(chain(routes[1], 0)), "");
}

TEST_F(TargetLimits, HaveOneIdentityEach) {
  std::set<std::uint64_t> identities;
  for (const std::size_t key : {std::size_t{0}, std::size_t{1}}) {
    const LimitChain chained = chain(config.view.routes()[0], key, "abc");
    for (const ChainedLimit& limit : chained.limits())
      identities.insert(limit.terms.identity);
  }
  EXPECT_EQ(identities.size(), 5U) << "two of the route, one of the provider, one of each key";
}

TEST_F(TargetLimits, AQueueIsOffUnlessARouteHasOne) {
  const auto routes = config.view.routes();
  EXPECT_EQ(config.view.queue(routes[0]).waiting_max, 5U);
  EXPECT_EQ(config.view.queue(routes[0]).wait_max_ms, 6000U);
  EXPECT_EQ(config.view.queue(routes[1]).waiting_max, 0U);
  EXPECT_EQ(config.view.queue(routes[1]).wait_max_ms, 10'000U);
}

TEST(TargetLimitRules, ARouteWithLimitsHasAName) {
  const std::string nameless = R"(
routes: [{models: [b], targets: [{provider: two}], limits: [{measure: requests, value: 1}]}]
)";
  EXPECT_TRUE(errors_of(text_of({kListeners, kProviders, nameless}))
                  .contains("a route with limits has no name"));
}

TEST(TargetLimitRules, NothingStandsBelowATarget) {
  const std::string each = R"(
routes:
  - {name: r, models: [b], targets: [{provider: two}],
     limits: [{measure: requests, value: 1, each: tenant}]}
)";
  EXPECT_TRUE(errors_of(text_of({kListeners, kProviders, each}))
                  .contains("`each` must name something below"));
}

// Whatever their measures, they are taken at one time.
TEST(TargetLimitRules, AreBoundedInNumber) {
  const auto limits = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += (i == 0 ? "" : ", ");
      text += "{measure: " + std::string(i % 2 == 0 ? "tokens" : "requests") +
              ", value: 1, model: m" + std::to_string(i) + "}";
    }
    return "limits: [" + text + "]";
  };
  const auto config = [&](int of_route, int of_provider, int of_key) {
    return text_of({kListeners}) +
           "providers: [{name: p, dialect: openai, url: \"https://p.example\", " +
           limits(of_provider) + ", keys: [{name: k, credential: \"${OPENAI_API_KEY}\", " +
           limits(of_key) + "}]}]\nroutes: [{name: r, models: [m], targets: [{provider: p}], " +
           limits(of_route) + "}]\n";
  };
  EXPECT_EQ(errors_of(config(8, 8, 8)), "");
  EXPECT_TRUE(errors_of(config(8, 8, 9)).contains("has 9 entries"));
}

}  // namespace
}  // namespace headrace::policy

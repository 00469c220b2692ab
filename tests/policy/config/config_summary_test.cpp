#include "policy/config/config_summary.h"

#include <fmt/format.h>

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

constexpr std::uint64_t kNow = 1'800'000'000;

TEST(ConfigSummary, SaysWhatThereIs) {
  const OpenConfig small(
      text_of({kListeners, kProvider, kRoute, "keys: [{name: k, key: \"${HEADRACE_KEY}\"}]\n"}));
  EXPECT_EQ(checked_config_text("a.yaml", small.view, kNow),
            "a.yaml: the config is good\n"
            "  1 listener, admin pages on 127.0.0.1:9180\n"
            "  1 provider (openai)\n"
            "  1 route, 1 model name, 1 target\n"
            "  1 API key, 1 tenant\n"
            "  no journal: no usage records are kept\n");
}

TEST(ConfigSummary, CountsInTheRightNumber) {
  const OpenConfig config(text_of(
      {"listeners: [{address: \"127.0.0.1:8080\"}, {address: \"127.0.0.1:8081\"}]\n",
       "admin: {address: \"127.0.0.1:9180\"}\n", kProvider,
       "routes:\n  - models: [a, b, \"c-*\"]\n    targets: [{provider: openai}]\n"
       "  - models: [d]\n    targets: [{provider: openai}, {provider: openai, model: e}]\n"
       "tenants: [{name: acme}, {name: other}]\n"
       "keys: [{name: k, key: \"${HEADRACE_KEY}\", tenant: acme, expires_at: 2020-01-01, "
       "limits: [{measure: requests, per: day, value: 5}, {measure: concurrent, value: 2}]}]\n"
       "prices: [{provider: openai, models: [\"*\"], input_micro_usd: 1, output_micro_usd: 2}]\n"
       "journal: {directory: /var/lib/headrace/journal}\n"}));
  EXPECT_EQ(checked_config_text("b", config.view, kNow),
            "b: the config is good\n"
            "  2 listeners, admin pages on 127.0.0.1:9180\n"
            "  1 provider (openai)\n"
            "  2 routes, 4 model names, 3 targets\n"
            "  1 API key, 2 tenants\n"
            "  2 limits, 1 price\n"
            "  a journal of usage records in /var/lib/headrace/journal\n"
            "remark: key `k` has expired: 2020-01-01T00:00:00Z\n");
}

TEST(ConfigSummary, NamesSoManyProvidersAndShowsNoSecret) {
  std::string text = text_of({kListeners, kRoute, kProvider});
  for (int i = 0; i < 9; ++i) {
    text += fmt::format(
        "  - {{name: p{}, dialect: openai, url: \"https://p.test/v1\", "
        "credential: \"${{OPENAI_API_KEY}}\"}}\n",
        i);
  }
  const OpenConfig config(text);
  const std::string summary = config_summary(config.view);
  EXPECT_TRUE(summary.contains("  10 providers (openai, p0, p1, p2, p3, p4, p5, p6 and 2 more)\n"));
  EXPECT_FALSE(checked_config_text("c", config.view, kNow).contains("CANARY"));
}

}  // namespace
}  // namespace headrace::policy::config

// The cache in a config: what a base says of it, and by what a route's answers are known.
#include "policy/config/cache_rules.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kMebibyte = "1048576";

std::string config(std::string_view provider_lines, std::string_view route_lines,
                   std::string_view front = "") {
  return fmt::format(R"({}{}
providers:
  - name: one
    dialect: openai
    credential: abc
{}
  - {{name: two, dialect: openai, url: "https://two.example/v1", credential: abc}}
routes:
  - models: [m]
{}
)",
                     front, kListeners, provider_lines, route_lines);
}

constexpr std::string_view kProviderOne = "    url: https://one.example/v1\n";
constexpr std::string_view kRoute = "    targets: [{provider: one}]\n";

std::array<std::byte, 16> identity(const std::string& yaml) {
  const OpenConfig open(yaml);
  EXPECT_TRUE(open.good()) << yaml;
  return open.view.cache().route(0).identity;
}

TEST(CacheRules, NothingIsKeptUnlessARouteSaysSo) {
  const OpenConfig silent(config(kProviderOne, kRoute));
  ASSERT_TRUE(silent.good());
  EXPECT_FALSE(silent.view.cache().any());
  EXPECT_EQ(silent.view.cache().route(0).mode, CacheMode::off);
  EXPECT_EQ(silent.view.cache().settings().memory_bytes_max, 100U * 1024 * 1024);
  EXPECT_EQ(silent.view.cache().route(0).ttl_ms, 5U * 60 * 1000);
  EXPECT_EQ(silent.view.cache().route(0).deterministic_only, Switch::on);

  const OpenConfig asked(config(kProviderOne, std::string(kRoute) + "    cache: {mode: asked}\n"));
  ASSERT_TRUE(asked.good());
  EXPECT_TRUE(asked.view.cache().any());
  EXPECT_EQ(asked.view.cache(asked.view.routes()[0]).mode, CacheMode::asked);
}

TEST(CacheRules, OneAnswerTakesAQuarterOfTheCacheAtMost) {
  const auto yaml = [](std::string_view mode, std::uint64_t entry) {
    return config(
        kProviderOne,
        fmt::format("{}    cache: {{mode: {}, entry_bytes_max: {}}}\n", kRoute, mode, entry),
        fmt::format("cache: {{memory_bytes_max: {}}}\n", kMebibyte));
  };
  EXPECT_EQ(errors_of(yaml("always", 256 * 1024)), "");
  EXPECT_NE(errors_of(yaml("always", 256 * 1024 + 1)).find("more than a quarter"),
            std::string::npos);
  EXPECT_EQ(errors_of(yaml("off", 256 * 1024 + 1)), "") << "what is off needs no room";
}

TEST(CacheRules, NoAnswersAreKeptOfAProviderThatIsToldWhoAsks) {
  const std::string told = std::string(kProviderOne) + "    context_headers: plain\n";
  EXPECT_NE(errors_of(config(told, std::string(kRoute) + "    cache: {mode: asked}\n"))
                .find("told who asks"),
            std::string::npos);
  EXPECT_EQ(errors_of(config(told, kRoute)), "");
}

TEST(CacheRules, AnIdentityIsThatOfWhoAnswersAndOfNothingElse) {
  const std::array<std::byte, 16> plain = identity(config(kProviderOne, kRoute));
  for (const std::string& same :
       {config(kProviderOne, std::string(kRoute) + "    cache: {mode: always, ttl_ms: 1000}\n"),
        config(std::string(kProviderOne) + "    pool_idle_max: 7\n", kRoute),
        config("    url: https://one.example:443/v1/\n", kRoute),
        config(kProviderOne, "    targets: [{provider: one, weight: 9}]\n")}) {
    EXPECT_EQ(identity(same), plain) << same;
  }
  for (const std::string& other :
       {config("    url: https://other.example/v1\n", kRoute),
        config("    url: https://one.example/v2\n", kRoute),
        config("    url: https://one.example:444/v1\n", kRoute),
        config(std::string(kProviderOne) + "    unix_socket: /run/x.sock\n", kRoute),
        config(std::string(kProviderOne) + "    headers_add: {X-Region: eu}\n", kRoute),
        config(std::string(kProviderOne) + "    query_add: {api-version: \"1\"}\n", kRoute),
        config(kProviderOne, "    targets: [{provider: two}]\n"),
        config(kProviderOne, "    targets: [{provider: one, model: other}]\n"),
        config(kProviderOne, "    targets: [{provider: one}, {provider: two}]\n")}) {
    EXPECT_NE(identity(other), plain) << other;
  }
}

TEST(CacheRules, TwoAccountsAtOneAddressAreNotOne) {
  const std::string same_address = "    url: https://two.example/v1\n";
  EXPECT_NE(identity(config(same_address, "    targets: [{provider: one}]\n")),
            identity(config(same_address, "    targets: [{provider: two}]\n")));
}

TEST(CacheRules, TheSameWordInAnotherFieldIsAnotherQuestion) {
  const auto with = [](std::string_view edit) {
    return identity(config(fmt::format("{}    {}\n", kProviderOne, edit), kRoute));
  };
  EXPECT_NE(with("headers_add: {X-Region: eu}"), with("headers_add: {X-Zone: eu}"));
  EXPECT_NE(with("headers_add: {X-Region: eu}"), with("query_add: {X-Region: eu}"));
}

}  // namespace
}  // namespace headrace::policy::config

// The configs and the page that users read.
#include <array>
#include <cstdlib>

#include <gtest/gtest.h>

#include "policy/config/reference_page.h"
#include "policy/identify.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

TEST(Samples, ReferencePageIsTheOneThatIsCommitted) {
  if (std::getenv("HEADRACE_WRITE_DOCS") != nullptr) {
    std::ofstream(source_folder() / "docs/configuration.md", std::ios::binary) << reference_page();
  }
  EXPECT_EQ(read_source_file("docs/configuration.md"), reference_page())
      << "the option table was changed: run this test with HEADRACE_WRITE_DOCS=1";
}

TEST(Samples, FirstConfigServesThreeDialects) {
  const OpenConfig config(read_source_file("deploy/config/headrace.yaml"));
  ASSERT_TRUE(config.good());
  EXPECT_NE(config.view.find_route(Dialect::openai, "gpt-5"), nullptr);
  EXPECT_NE(config.view.find_route(Dialect::anthropic, "claude-sonnet-4-5"), nullptr);
  EXPECT_NE(config.view.find_route(Dialect::gemini, "gemini-2.5-pro"), nullptr);
  EXPECT_NE(config.view.find_key(key_digest(kClientSecret)), nullptr);
}

TEST(Samples, PlansAreTheFourThatArePromised) {
  const OpenConfig config(read_source_file("deploy/config/plans.yaml"));
  ASSERT_TRUE(config.good());
  const QuotaView& quota = config.view.quota();
  constexpr std::array<std::array<std::uint64_t, 5>, 4> kPromised = {
      {{10, 100, 500, 50'000, 5},
       {30, 500, 5000, 500'000, 10},
       {100, 2000, 20'000, 2'000'000, 20},
       {1000, 10'000, 100'000, 10'000'000, 100}}};
  ASSERT_EQ(quota.plans().size(), kPromised.size());
  for (std::size_t plan = 0; plan < kPromised.size(); ++plan) {
    const auto rules = quota.rules(quota.plans()[plan]);
    ASSERT_EQ(rules.size(), kPromised[plan].size());
    for (std::size_t i = 0; i < rules.size(); ++i)
      EXPECT_EQ(rules[i].value, kPromised[plan][i]);
  }
}

TEST(Samples, DemoKnowsItsKeyAndItsProvider) {
  const OpenConfig config(read_source_file("deploy/config/demo.yaml"));
  ASSERT_TRUE(config.good());
  EXPECT_EQ(identify(config.view, nullptr, {.authorization = "Bearer hr-demo-key"}).status,
            IdentifyStatus::known);
  ASSERT_EQ(config.view.providers().size(), 3U);
  EXPECT_EQ(config.view.providers()[0].port, 9000);
  const Route* smart = config.view.find_route(Dialect::openai, "smart");
  ASSERT_NE(smart, nullptr);
  EXPECT_EQ(config.view.text(config.view.targets(*smart)[0].model), "gpt-4o");
}

}  // namespace
}  // namespace headrace::policy::config

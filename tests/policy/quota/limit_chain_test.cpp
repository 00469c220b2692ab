#include "policy/quota/limit_chain.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "tests/policy/quota/quota_world.h"

namespace headrace::policy {
namespace {

const std::string kWhole = R"(
plans:
  - name: basic
    limits:
      - {measure: requests, per: minute, value: 30}
      - {measure: requests, per: second, value: 5, each: user}
      - {measure: tokens, per: day, value: 500}
organisations: [{name: o, limits: [{measure: requests, per: day, value: 9},
                                   {measure: concurrent, value: 4, each: tenant}]}]
tenants: [{name: t, organisation: o, plan: basic, time_zone: Europe/Berlin}]
projects: [{name: p, tenant: t, budgets: [{micro_usd: 7}]}]
users: [{name: u, tenant: t, plan: basic}]
keys:
  - {name: k, key: "${HEADRACE_KEY}", tenant: t, project: p, user: u,
     limits: [{measure: requests, per: hour, value: 3, model: "gpt-*"},
              {measure: output_tokens, per: minute, value: 2}]}
)";

TEST(LimitChain, GoesFromTheOrganisationDownToTheKey) {
  QuotaWorld world(kWhole);
  EXPECT_EQ(world.names(world.chain(QuotaStage::admit)),
            "organisation:requests_per_day=9 tenant:concurrent=4 tenant:requests_per_minute=30 "
            "user:requests_per_second=5 user:requests_per_minute=30 key:requests_per_hour=3 ");
  EXPECT_EQ(world.names(world.chain(QuotaStage::reserve)),
            "tenant:tokens_per_day=500 project:budget_per_month=7 user:tokens_per_day=500 "
            "key:output_tokens_per_minute=2 ");
  EXPECT_TRUE(has_limits(world.view(), world.caller()));
}

TEST(LimitChain, LeavesOutWhatIsOfAnotherModel) {
  QuotaWorld world(kWhole);
  EXPECT_FALSE(world.names(world.chain(QuotaStage::admit, "claude-x")).contains("key:"));
}

// What a reboot finds again, whatever the config has become meanwhile.
TEST(LimitChain, AnIdentityIsTheLimitsOwnWhateverStandsAroundIt) {
  const auto identities = [](const std::string& limits, const std::string& before) {
    QuotaWorld world(before + tenant_and_key(", limits: [" + limits + "]"));
    std::map<std::string, std::uint64_t> found;
    for (const QuotaStage stage : {QuotaStage::admit, QuotaStage::reserve}) {
      const LimitChain chain = world.chain(stage);
      for (const ChainedLimit& limit : chain.limits())
        found[std::string(world.view().text(limit.rule->name))] = limit.terms.identity;
    }
    return found;
  };
  const std::string day = "{measure: tokens, per: day, value: 10, name: day}";
  const std::string month = "{measure: tokens, per: month, value: 10, name: month}";
  const std::string of_one =
      "{measure: tokens, per: day, value: 5, name: of_one, model: \"gpt-*\"}";
  const std::string requests = "{measure: requests, per: day, value: 7, name: requests}";
  auto first = identities(day + "," + month + "," + of_one, "");
  auto second = identities(requests + "," + of_one + "," + month,
                           "organisations: [{name: zero}]\nusers: [{name: first, tenant: t}]\n");
  EXPECT_EQ(first["month"], second["month"]);
  EXPECT_EQ(first["of_one"], second["of_one"]);
  EXPECT_EQ(second.count("day"), 0U);
  std::set<std::uint64_t> all;
  for (const auto& each : {first, second}) {
    for (const auto& [name, identity] : each)
      all.insert(identity);
  }
  EXPECT_EQ(all.size(), 4U);
}

TEST(LimitChain, AListingHasTheLimitsOfEveryModelAndBothStages) {
  QuotaWorld world(
      tenant_and_key(", limits: [{measure: tokens, per: day, value: 10, model: \"gpt-*\"},"
                     "{measure: tokens, per: day, value: 20, model: claude-x},"
                     "{measure: requests, per: hour, value: 30}, {measure: concurrent, value: 4}],"
                     " budgets: [{micro_usd: 5}], credits: [{micro_usd: 6}]"));
  CalendarWindows windows;
  LimitListing listing;
  list_limits({.config = &world.view(),
               .windows = &windows,
               .stage = QuotaStage::admit,
               .model = "none",
               .now = core::limit_time({})},
              world.caller(), listing);
  std::vector<std::uint64_t> values;
  for (const ChainedLimit& limit : listing.limits())
    values.push_back(limit.rule->value);
  std::ranges::sort(values);
  EXPECT_EQ(values, (std::vector<std::uint64_t>{4, 5, 6, 10, 20, 30}));
}

TEST(LimitChain, HasOneIdentityForEachLimit) {
  QuotaWorld world(kWhole);
  std::set<std::uint64_t> identities;
  std::size_t count = 0;
  for (const QuotaStage stage : {QuotaStage::admit, QuotaStage::reserve}) {
    const LimitChain chain = world.chain(stage);
    for (const ChainedLimit& limit : chain.limits()) {
      identities.insert(limit.terms.identity);
      ++count;
    }
  }
  EXPECT_EQ(identities.size(), count);
  EXPECT_FALSE(identities.contains(0));
}

TEST(LimitChain, AScopesOwnLimitGoesBeforeOneThatIsSetForEach) {
  QuotaWorld world(tenant_and_key(", limits: [{measure: requests, value: 5, each: key}]",
                                  ", limits: [{measure: requests, value: 50}]"));
  EXPECT_EQ(world.names(world.chain(QuotaStage::admit)), "key:requests_per_minute=50 ");
}

TEST(LimitChain, WindowsAreOfTheRightKind) {
  QuotaWorld world(kWhole);
  const LimitChain admit = world.chain(QuotaStage::admit);
  EXPECT_EQ(admit[0].terms.kind, core::WindowKind::calendar);
  EXPECT_EQ(admit[1].terms.kind, core::WindowKind::concurrency);
  EXPECT_EQ(admit[2].terms.kind, core::WindowKind::sliding);
  EXPECT_EQ(admit[3].terms.kind, core::WindowKind::bucket);
  // 2027-01-15 08:00 UTC: the organisation's day is that of UTC, the tenant's that of Berlin (two
  // hours ahead in the test's zone file).
  EXPECT_EQ(admit[0].terms.ends.unix_nanos, 1'800'057'600'000'000'000);
  EXPECT_EQ(world.chain(QuotaStage::reserve)[0].terms.ends.unix_nanos, 1'800'050'400'000'000'000);
}

TEST(LimitChain, IsEmptyForWhoBypassesLimits) {
  QuotaWorld world(
      tenant_and_key(", limits: [{measure: requests, value: 5}]", ", bypass_limits: true"));
  EXPECT_TRUE(world.chain(QuotaStage::admit).empty());
  EXPECT_FALSE(has_limits(world.view(), world.caller()));
}

}  // namespace
}  // namespace headrace::policy

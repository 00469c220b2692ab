#include "policy/quota/limit_chain.h"

#include <set>

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

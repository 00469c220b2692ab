// Rows of a base point at one another: none that points outside is followed.
#include <utility>

#include <gtest/gtest.h>

#include "policy/config/config_view.h"
#include "tests/policy/config/base_rows.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

// Has a row in every table that the cases change.
constexpr std::string_view kConfig = R"(
listeners:
  - {address: "127.0.0.1:8080", policy_set: partners, ip_allow: [office]}
ip_lists: [{name: office, networks: [192.0.2.0/24, "2001:db8::/32"]}]
organisations:
  - {name: holding, limits: [{measure: requests, per: day, value: 5}]}
plans:
  - {name: basic, models: [a], limits: [{measure: requests, per: minute, value: 3}]}
tenants:
  - {name: acme, organisation: holding, plan: basic, models: [a], ip_allow: [office],
     time_zone: Europe/Berlin, limits: [{measure: tokens, per: day, value: 9}]}
  - {name: other}
projects:
  - {name: search, tenant: acme, limits: [{measure: requests, per: hour, value: 4}]}
roles: [{name: reader, allow: ["GET /v1/models"]}]
users:
  - {name: ada, tenant: acme, roles: [reader], limits: [{measure: requests, per: hour, value: 4}]}
policy_sets:
  - {name: partners, allow: ["POST /v1/chat/**"], tenants: [acme], roles: [reader],
     anonymous: {tenant: acme, models: [a]}}
token_issuers:
  - {name: sso, issuer: "https://sso.example", secret: "01234567890123456789012345678901",
     tenant: acme, audiences: [x], denied_ids: [one], denied_subjects: [two]}
providers:
  - name: own
    dialect: openai
    url: "https://own.example"
    credential: abc
    headers_remove: [X-A]
    query_remove: [b]
    limits: [{measure: requests, per: day, value: 5}]
routes:
  - {name: main, models: [a], targets: [{provider: own}],
     limits: [{measure: requests, per: day, value: 5}]}
keys:
  - {name: k, key: "${HEADRACE_KEY}", tenant: acme, project: search, user: ada, ip_allow: [office],
     scopes: ["GET /v1/x"], routes: [main], roles: [reader], models: [a],
     limits: [{measure: requests, per: hour, value: 4}]}
certificate_names: [{name: "dns:a", key: k}, {name: "dns:b", key: k}]
prices:
  - {provider: own, models: [a], input_micro_usd: 1}
  - {provider: own, models: ["b*"], input_micro_usd: 1}
)";

constexpr std::uint32_t kOutside = 1U << 24;
constexpr RowRange kOutsideRange{0, kOutside};
constexpr RoleBits kUnknownRole = RoleBits{1} << 40;

struct Case {
  const char* what;
  void (*change)(const BaseRows&);
};

void expect_refused(std::span<const Case> cases) {
  const Compiled good = compile_text(kConfig);
  ASSERT_TRUE(good) << errors_text(good.error());
  ASSERT_TRUE(ConfigView::open(*good));
  for (const Case& one : cases) {
    auto base = *good;
    one.change(BaseRows(base));
    ASSERT_NE(base, *good) << one.what;
    sign_base(base);
    EXPECT_FALSE(ConfigView::open(base)) << one.what;
  }
}

template <class Row>
Row& first(const BaseRows& rows, TableKind kind) {
  return rows.row<Row>(kind);
}
Tenant& tenant(const BaseRows& rows) {
  return first<Tenant>(rows, TableKind::tenants);
}
Project& project(const BaseRows& rows) {
  return first<Project>(rows, TableKind::projects);
}
User& user(const BaseRows& rows) {
  return first<User>(rows, TableKind::users);
}
Rights& rights(const BaseRows& rows) {
  return first<Rights>(rows, TableKind::rights);
}
PolicySet& policy_set(const BaseRows& rows) {
  return first<PolicySet>(rows, TableKind::policy_sets);
}
Provider& provider(const BaseRows& rows) {
  return first<Provider>(rows, TableKind::providers);
}
Listener& listener(const BaseRows& rows) {
  return first<Listener>(rows, TableKind::listeners);
}
TokenIssuer& issuer(const BaseRows& rows) {
  return first<TokenIssuer>(rows, TableKind::token_issuers);
}

TEST(BaseReferences, OfScopesStayInside) {
  const Case cases[] = {
      {"limits of an organisation",
       [](const BaseRows& rows) {
         first<Organisation>(rows, TableKind::organisations).limits = RowRef::to(kOutside);
       }},
      {"a tenant's models", [](const BaseRows& rows) { tenant(rows).models = kOutsideRange; }},
      {"a tenant's organisation",
       [](const BaseRows& rows) { tenant(rows).organisation = RowRef::to(kOutside); }},
      {"a tenant's limits",
       [](const BaseRows& rows) { tenant(rows).limits = RowRef::to(kOutside); }},
      {"a tenant's networks",
       [](const BaseRows& rows) { tenant(rows).ip_set = RowRef::to(kOutside); }},
      {"a tenant's zone", [](const BaseRows& rows) { tenant(rows).zone = RowRef::to(kOutside); }},
      {"a project's tenant", [](const BaseRows& rows) { project(rows).tenant = kOutside; }},
      {"a project's limits",
       [](const BaseRows& rows) { project(rows).limits = RowRef::to(kOutside); }},
      {"a user's tenant", [](const BaseRows& rows) { user(rows).tenant = kOutside; }},
      {"a user's limits", [](const BaseRows& rows) { user(rows).limits = RowRef::to(kOutside); }},
      {"a user's roles", [](const BaseRows& rows) { user(rows).roles = kUnknownRole; }},
      {"a key's limits",
       [](const BaseRows& rows) {
         first<ApiKey>(rows, TableKind::keys).limits = RowRef::to(kOutside);
       }},
      {"a key's project",
       [](const BaseRows& rows) {
         first<ApiKey>(rows, TableKind::keys).project = RowRef::to(kOutside);
       }},
  };
  expect_refused(cases);
}

TEST(BaseReferences, OfAccessStayInside) {
  const Case cases[] = {
      {"a role's roles",
       [](const BaseRows& rows) {
         first<Role>(rows, TableKind::roles).with_inherited = kUnknownRole;
       }},
      {"a role's permissions",
       [](const BaseRows& rows) {
         first<Role>(rows, TableKind::roles).permissions = kOutsideRange;
       }},
      {"rights' networks",
       [](const BaseRows& rows) { rights(rows).ip_set = RowRef::to(kOutside); }},
      {"rights' scopes", [](const BaseRows& rows) { rights(rows).scopes = kOutsideRange; }},
      {"rights' routes", [](const BaseRows& rows) { rights(rows).routes = kOutsideRange; }},
      {"rights' roles", [](const BaseRows& rows) { rights(rows).roles = kUnknownRole; }},
      {"a policy set's permissions",
       [](const BaseRows& rows) { policy_set(rows).permissions = kOutsideRange; }},
      {"a policy set's tenants",
       [](const BaseRows& rows) { policy_set(rows).tenants = kOutsideRange; }},
      {"a policy set's roles", [](const BaseRows& rows) { policy_set(rows).roles = kUnknownRole; }},
      {"what who shows nothing may do",
       [](const BaseRows& rows) { policy_set(rows).anonymous_rights = RowRef::to(kOutside); }},
      {"whose who shows nothing is",
       [](const BaseRows& rows) { policy_set(rows).anonymous_tenant = kOutside; }},
      {"one of a policy set's tenants",
       [](const BaseRows& rows) { first<std::uint32_t>(rows, TableKind::tenant_refs) = kOutside; }},
      {"one of rights' routes",
       [](const BaseRows& rows) { first<std::uint32_t>(rows, TableKind::route_refs) = kOutside; }},
      {"a listener's policy set",
       [](const BaseRows& rows) { listener(rows).policy_set = RowRef::to(kOutside); }},
      {"a listener's networks",
       [](const BaseRows& rows) { listener(rows).ip_set = RowRef::to(kOutside); }},
      {"a list's networks",
       [](const BaseRows& rows) {
         first<IpList>(rows, TableKind::ip_lists).networks = kOutsideRange;
       }},
      {"a list of a set",
       [](const BaseRows& rows) {
         first<std::uint32_t>(rows, TableKind::ip_list_refs) = kOutside;
       }},
      {"a set's lists",
       [](const BaseRows& rows) { first<IpSet>(rows, TableKind::ip_sets).lists = kOutsideRange; }},
      {"a set's tree for IPv4",
       [](const BaseRows& rows) { first<IpSet>(rows, TableKind::ip_sets).ipv4_root = kOutside; }},
      {"a set's tree for IPv6",
       [](const BaseRows& rows) { first<IpSet>(rows, TableKind::ip_sets).ipv6_root = kOutside; }},
  };
  expect_refused(cases);
}

TEST(BaseReferences, OfTokensAndProvidersStayInside) {
  const Case cases[] = {
      {"an issuer's audiences",
       [](const BaseRows& rows) { issuer(rows).audiences = kOutsideRange; }},
      {"an issuer's denied ids",
       [](const BaseRows& rows) { issuer(rows).denied_ids = kOutsideRange; }},
      {"an issuer's denied subjects",
       [](const BaseRows& rows) { issuer(rows).denied_subjects = kOutsideRange; }},
      {"an issuer's tenant",
       [](const BaseRows& rows) { issuer(rows).tenant = RowRef::to(kOutside); }},
      {"an issuer's rights", [](const BaseRows& rows) { issuer(rows).rights = kOutside; }},
      {"a listener's certificates",
       [](const BaseRows& rows) { listener(rows).certificates = kOutsideRange; }},
      {"a listener's protocols", [](const BaseRows& rows) { listener(rows).alpn = kOutsideRange; }},
      {"a listener's trusted proxies",
       [](const BaseRows& rows) { listener(rows).trusted_proxies = kOutsideRange; }},
      {"a listener's origins",
       [](const BaseRows& rows) { listener(rows).cors_origins = kOutsideRange; }},
      {"a listener's fields for pages",
       [](const BaseRows& rows) { listener(rows).cors_headers = kOutsideRange; }},
      {"a provider's addresses",
       [](const BaseRows& rows) { provider(rows).addresses = kOutsideRange; }},
      {"a provider's fields to remove",
       [](const BaseRows& rows) { provider(rows).headers_remove = kOutsideRange; }},
      {"a provider's parameters to remove",
       [](const BaseRows& rows) { provider(rows).query_remove = kOutsideRange; }},
      {"a provider's limits",
       [](const BaseRows& rows) { provider(rows).limits = RowRef::to(kOutside); }},
      {"a route's targets",
       [](const BaseRows& rows) { first<Route>(rows, TableKind::routes).targets = kOutsideRange; }},
      {"a route's limits",
       [](const BaseRows& rows) {
         first<RouteQueue>(rows, TableKind::route_queues).limits = RowRef::to(kOutside);
       }},
  };
  expect_refused(cases);
}

TEST(BaseReferences, OfQuotaStayInside) {
  const Case cases[] = {
      {"a plan's models",
       [](const BaseRows& rows) { first<Plan>(rows, TableKind::plans).models = kOutsideRange; }},
      {"a plan's rules",
       [](const BaseRows& rows) { first<Plan>(rows, TableKind::plans).rules = kOutsideRange; }},
      {"rules that hold",
       [](const BaseRows& rows) {
         first<LimitSet>(rows, TableKind::limit_sets).rules = kOutsideRange;
       }},
      {"rules of its own",
       [](const BaseRows& rows) {
         first<LimitSet>(rows, TableKind::limit_sets).own = kOutsideRange;
       }},
      {"the plan of a scope",
       [](const BaseRows& rows) {
         first<LimitSet>(rows, TableKind::limit_sets).plan = RowRef::to(kOutside);
       }},
      {"a zone's offsets",
       [](const BaseRows& rows) { first<Zone>(rows, TableKind::zones).offsets = kOutsideRange; }},
      {"a price's names",
       [](const BaseRows& rows) { first<Price>(rows, TableKind::prices).names = kOutsideRange; }},
      {"a price's provider",
       [](const BaseRows& rows) { first<Price>(rows, TableKind::prices).provider = kOutside; }},
      {"a name's price",
       [](const BaseRows& rows) {
         first<PriceName>(rows, TableKind::price_names).price = kOutside;
       }},
      {"an earlier price",
       [](const BaseRows& rows) {
         first<PriceName>(rows, TableKind::price_names).older = RowRef::to(kOutside);
       }},
      {"a pattern's price",
       [](const BaseRows& rows) {
         first<std::uint32_t>(rows, TableKind::price_patterns) = kOutside;
       }},
  };
  expect_refused(cases);
}

// Inside, and yet not what a compiler would write.
TEST(BaseReferences, RowsThatContradictOneAnotherAreRefused) {
  const Case cases[] = {
      {"a key in another tenant than its user",
       [](const BaseRows& rows) { user(rows).tenant = 1; }},
      {"a key in another tenant than its project",
       [](const BaseRows& rows) { project(rows).tenant = 1; }},
      {"an issuer with neither keys nor secret",
       [](const BaseRows& rows) { issuer(rows).secret = {}; }},
      {"an issuer with both",
       [](const BaseRows& rows) { issuer(rows).keys_file = issuer(rows).name; }},
      {"a permission for no method",
       [](const BaseRows& rows) { first<Permission>(rows, TableKind::permissions).methods = 0; }},
      {"a permission for methods that there are not",
       [](const BaseRows& rows) {
         first<Permission>(rows, TableKind::permissions).methods = 0xff;
       }},
      {"a permission whose path is no pattern",
       [](const BaseRows& rows) {
         first<Permission>(rows, TableKind::permissions).path = issuer(rows).name;
       }},
      {"a price that is older than itself",
       [](const BaseRows& rows) {
         first<PriceName>(rows, TableKind::price_names).older = RowRef::to(0);
       }},
      {"names of certificates out of order",
       [](const BaseRows& rows) {
         std::swap(first<CertificateName>(rows, TableKind::certificate_names),
                   rows.row<CertificateName>(TableKind::certificate_names, 1));
       }},
      {"a certificate for no key",
       [](const BaseRows& rows) {
         first<CertificateName>(rows, TableKind::certificate_names).key = 1;
       }},
      {"a tree of networks that leads back",
       [](const BaseRows& rows) {
         const std::uint32_t root = first<IpSet>(rows, TableKind::ip_sets).ipv4_root;
         auto& node = rows.row<IpNode>(TableKind::ip_nodes, root);
         node.children = 1;
         node.first_child = root;
       }},
  };
  expect_refused(cases);
}

}  // namespace
}  // namespace headrace::policy::config

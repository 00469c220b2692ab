// Organisations, tenants, projects, users and keys: who belongs to whom, and by what they are known
// from one base to the next.
#include <gtest/gtest.h>

#include "policy/config/effective_yaml.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kScopes = R"(
organisations: [{name: holding}]
tenants: [{name: acme, organisation: holding}, {name: beta}]
projects: [{name: search, tenant: acme}]
users: [{name: ada, tenant: acme}, {name: bob, tenant: beta}]
)";

std::string with_key(std::string_view key) {
  return std::string(kListeners) + std::string(kScopes) + "keys:\n  - {name: k, sha256: '" +
         std::string(64, '1') + "'" + std::string(key) + "}\n";
}

TEST(Scopes, KeysBelongToTheTenantOfTheirProjectAndUser) {
  const OpenConfig config(with_key(", project: search, user: ada"));
  ASSERT_TRUE(config.good());
  const ScopeView& scopes = config.view.scopes();
  const ApiKey& key = scopes.keys()[0];
  EXPECT_EQ(config.view.text(scopes.tenant(key).name), "acme");
  EXPECT_EQ(config.view.text(scopes.project(key)->name), "search");
  EXPECT_EQ(config.view.text(scopes.user(key)->name), "ada");
  EXPECT_EQ(config.view.text(scopes.organisation(scopes.tenant(key))->name), "holding");
  EXPECT_EQ(scopes.organisation(scopes.tenants()[1]), nullptr);
}

TEST(Scopes, ReferencesLeadSomewhereAndAgree) {
  struct Case {
    std::string_view key;
    std::string_view error;
  };
  for (const Case& one : {
           Case{", tenant: acme", ""},
           Case{", tenant: acme, project: search, user: ada", ""},
           Case{
               "",
               "there is no tenant `default`, whose all is that names none; say `tenant: NAME`, or "
               "declare it"},
           Case{", tenant: acne", "there is no tenant `acne`; did you mean `acme`?"},
           Case{", project: serach", "there is no project `serach`; did you mean `search`?"},
           Case{", user: adam", "there is no user `adam`; did you mean `ada`?"},
           Case{", tenant: beta, project: search", "key `k` and its project `search` are of"},
           Case{", project: search, user: bob", "key `k` and its user `bob` are of different"},
       }) {
    const std::string errors = errors_of(with_key(one.key));
    if (one.error.empty()) {
      EXPECT_EQ(errors, "") << one.key;
    } else {
      EXPECT_TRUE(errors.contains(one.error)) << one.key << "\n" << errors;
    }
  }
}

TEST(Scopes, NamesStandOnceInEachKind) {
  for (const auto& [line, what] : {
           std::pair{"organisations: [{name: a}, {name: a}]", "organisation `a` stands twice"},
           std::pair{"tenants: [{name: a}, {name: a}]", "tenant `a` stands twice"},
           std::pair{"projects: [{name: a}, {name: a, tenant: b}]", "project `a` stands twice"},
           std::pair{"users: [{name: a}, {name: a, tenant: b}]", "user `a` stands twice"},
           std::pair{"tenants: [{name: a, organisation: b}]", "there is no organisation `b`"},
       }) {
    const std::string errors = errors_of(std::string(kListeners) + line + "\n");
    EXPECT_TRUE(errors.contains(what)) << errors;
  }
}

TEST(Scopes, TenantsThatAreOnlyNamedAreThere) {
  const OpenConfig config(std::string(kListeners) + R"(
projects: [{name: p, tenant: one}]
keys:
  - {name: a, key: key-number-one-000, tenant: two}
  - {name: b, key: key-number-two-000, project: p}
  - {name: c, key: key-number-three-0}
)");
  ASSERT_TRUE(config.good());
  const ScopeView& scopes = config.view.scopes();
  ASSERT_EQ(scopes.tenants().size(), 3U);
  EXPECT_EQ(config.view.text(scopes.tenant(scopes.keys()[1]).name), "one");
  EXPECT_EQ(config.view.text(scopes.tenant(scopes.keys()[2]).name), "default");
  EXPECT_EQ(scopes.tenants()[0].weight, 1);
}

// What is counted for somebody is found by this after a reload: it must not move with the order,
// nor with a new secret.
TEST(Scopes, AnIdentityFollowsFromKindAndNameOnly) {
  const OpenConfig one(std::string(kListeners) + R"(
keys:
  - {name: a, key: key-number-one-000, tenant: t}
  - {name: b, key: key-number-two-000, tenant: u}
)");
  const OpenConfig two(std::string(kListeners) + R"(
tenants: [{name: u, weight: 9}, {name: v}, {name: t}]
keys:
  - {name: b, key: key-number-three-0, tenant: u}
  - {name: x, key: key-number-four-00, tenant: v}
  - {name: a, key: key-number-five-00, tenant: t}
)");
  ASSERT_TRUE(one.good() && two.good());
  EXPECT_EQ(one.view.keys()[0].identity, two.view.keys()[2].identity);
  EXPECT_EQ(one.view.keys()[1].identity, two.view.keys()[0].identity);
  EXPECT_EQ(one.view.tenants()[1].identity, two.view.tenants()[0].identity);
  EXPECT_NE(one.view.tenants()[0].identity, one.view.tenants()[1].identity);
  // Part of what other nodes and the ledger know: a change here is a change of all of them.
  EXPECT_EQ(scope_identity(ScopeKind::tenant, "default"), 0x97bf760a09feec46U);
  EXPECT_NE(scope_identity(ScopeKind::tenant, "a"), scope_identity(ScopeKind::key, "a"));
}

// A request that goes on across a reload is its caller's still, or nobody's.
TEST(Scopes, ACallerIsFoundAgainInAnotherBase) {
  const auto config = [](std::string_view scopes) {
    return OpenConfig(text_of({kListeners, scopes}));
  };
  const OpenConfig before = config(
      "users: [{name: ada, tenant: acme}, {name: bob, tenant: acme}]\n"
      "keys:\n  - {name: a, key: 0123456789abcdef, tenant: acme}\n"
      "  - {name: b, key: 0123456789abcdeg, tenant: acme}\n");
  const OpenConfig after = config(
      "users: [{name: ada, tenant: acme}, {name: bob, tenant: other}]\n"
      "keys: [{name: renamed, key: 0123456789abcdef, tenant: other}]\n");
  const ScopeView& old = before.view.scopes();
  const ScopeView& now = after.view.scopes();

  const auto by_key = now.find_again(old.caller(before.view.keys()[0]), old);
  ASSERT_TRUE(by_key);
  EXPECT_EQ(now.name(*by_key->key), "renamed");
  EXPECT_EQ(after.view.text(by_key->tenant->name), "other");
  EXPECT_FALSE(now.find_again(old.caller(before.view.keys()[1]), old)) << "its key is gone";

  // As a token's caller is: of a tenant, and of a user where there is a row for him.
  Caller caller = old.caller(before.view.keys()[0]);
  caller.key = nullptr;
  const auto by_tenant = now.find_again(caller, old);
  ASSERT_TRUE(by_tenant);
  EXPECT_EQ(by_tenant->tenant, now.find_tenant("acme"));
  caller.user = old.find_user("ada");
  const auto by_user = now.find_again(caller, old);
  ASSERT_TRUE(by_user);
  EXPECT_EQ(by_user->user, now.find_user("ada"));
  const OpenConfig without =
      config("keys: [{name: a, key: 0123456789abcdef, tenant: elsewhere}]\n");
  EXPECT_FALSE(without.view.scopes().find_again(caller, old)) << "its tenant is gone";
}

}  // namespace
}  // namespace headrace::policy::config

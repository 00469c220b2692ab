// Who may do what: a table for each rule of the guard, and what a config may say about them.
#include "policy/guard.h"

#include <gtest/gtest.h>

#include "policy/identify.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kConfig = R"(
listeners:
  - {address: "127.0.0.1:8080", policy_set: customers}
  - {address: "127.0.0.1:8081", policy_set: partners}
  - {address: "127.0.0.1:8082"}
  - {address: "127.0.0.1:8083", policy_set: open}
providers:
  - {name: real, dialect: openai, url: "https://a.example/v1", credential: abc}
  - {name: fake, dialect: openai, url: "https://b.example/v1", credential: abc, sandbox: true}
routes:
  - {name: big, models: [gpt-4o], targets: [{provider: real}]}
  - {name: small, models: ["gpt-4o-mini", "o*"], targets: [{provider: real}]}
roles:
  - {name: reader, allow: ["GET /v1/models", "GET /v1/models/*"]}
  - {name: writer, inherits: [reader], allow: ["POST /v1/chat/**", "POST /v1/embeddings"]}
  - {name: auditor, allow: ["GET /v1/audit/**"]}
  - {name: owner, inherits: [writer, auditor]}
  - {name: operator, allow: ["* /v1/files/**"]}
  - {name: admin, inherits: [owner, operator], allow: ["DELETE /v1/models/*"]}
  - {name: root, allow: ["*"]}
  - {name: nobody}
tenants:
  - {name: live}
  - {name: trial, mode: trial, models: [gpt-4o-mini]}
  - {name: sandbox, mode: sandbox}
  - {name: gone, mode: suspended}
users:
  - {name: ada, tenant: live, roles: [writer]}
  - {name: eve, tenant: live, suspended: true}
policy_sets:
  - {name: customers, tenants: [live, trial, sandbox], role_use: ignored,
     allow: ["POST /v1/chat/completions", "GET /v1/models"], skip: [admit, cache]}
  - {name: partners, roles: [reader, root, nobody], role_use: required, tokens: false}
  - {name: open, api_keys: false, anonymous: {tenant: trial, models: [gpt-4o-mini], scopes: [chat]}}
keys:
  - {name: plain, key: key-of-plain-00000, tenant: live}
  - {name: gone, key: key-of-gone-000000, tenant: gone}
  - {name: eve, key: key-of-eve-0000000, user: eve}
  - {name: off, key: key-of-off-0000000, tenant: live, suspended: true}
  - {name: old, key: key-of-old-0000000, tenant: live, expires_at: 2027-01-31}
  - {name: ada, key: key-of-ada-0000000, user: ada}
  - {name: reader, key: key-of-reader-0000, tenant: live, roles: [reader]}
  - {name: owner, key: key-of-owner-00000, tenant: live, roles: [owner]}
  - {name: admin, key: key-of-admin-00000, tenant: live, roles: [admin]}
  - {name: root, key: key-of-root-000000, tenant: live, roles: [root]}
  - {name: nobody, key: key-of-nobody-0000, tenant: live, roles: [nobody]}
  - {name: chat, key: key-of-chat-000000, tenant: live, scopes: [chat, "GET /v1/files/*"]}
  - {name: bound, key: key-of-bound-00000, tenant: live, routes: [small]}
  - {name: trial, key: key-of-trial-00000, tenant: trial}
  - {name: sandbox, key: key-of-sandbox-000, tenant: sandbox, models: [gpt-4o]}
)";

constexpr std::uint64_t kJanuary31 = 1'801'353'600;  // 2027-01-31T00:00:00Z

class GuardTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(config_.good()); }

  const config::ConfigView& view() const { return config_.view; }
  const config::PolicySet* set(std::size_t listener) const {
    return view().access().policy_set(view().listeners()[listener].policy_set);
  }
  Caller caller(std::string_view key) const {
    for (const config::ApiKey& row : view().keys()) {
      if (view().scopes().name(row) == key) return view().scopes().caller(row);
    }
    ADD_FAILURE() << key;
    return {};
  }
  std::string_view judge(std::size_t listener, std::string_view key, std::string_view method,
                         std::string_view path, std::uint64_t now_s = 0) const {
    const Endpoint endpoint = match_endpoint(method, path, false).endpoint;
    return row(judge_head(view(), set(listener), caller(key), {method, path, endpoint, now_s}))
        .name;
  }

  config::OpenConfig config_{kConfig};
};

TEST_F(GuardTest, StateIsLookedAtFirst) {
  EXPECT_EQ(judge(2, "plain", "POST", "/v1/chat/completions"), "none");
  EXPECT_EQ(judge(2, "gone", "POST", "/v1/chat/completions"), "tenant_suspended");
  EXPECT_EQ(judge(2, "eve", "POST", "/v1/chat/completions"), "user_suspended");
  EXPECT_EQ(judge(2, "off", "POST", "/v1/chat/completions"), "suspended");
  EXPECT_EQ(judge(0, "gone", "POST", "/v1/nowhere"), "tenant_suspended");
}

TEST_F(GuardTest, AKeyExpiresToTheSecond) {
  EXPECT_EQ(judge(2, "old", "GET", "/v1/models", kJanuary31 - 1), "none");
  EXPECT_EQ(judge(2, "old", "GET", "/v1/models", kJanuary31), "expired");
}

TEST_F(GuardTest, RolesAllowWithAllThatTheyInherit) {
  struct Case {
    std::string_view key, method, path, rule;
  };
  for (const Case& one : {
           Case{"reader", "GET", "/v1/models", "none"},
           Case{"reader", "GET", "/v1/models/gpt-4o", "none"},
           Case{"reader", "POST", "/v1/models", "role_denies"},
           Case{"reader", "GET", "/v1/models/a/b", "role_denies"},
           Case{"reader", "POST", "/v1/chat/completions", "role_denies"},
           Case{"ada", "POST", "/v1/chat/completions", "none"},
           Case{"ada", "GET", "/v1/models", "none"},
           Case{"ada", "GET", "/v1/audit/x", "role_denies"},
           Case{"owner", "POST", "/v1/chat/completions", "none"},
           Case{"owner", "GET", "/v1/audit/a/b", "none"},
           Case{"owner", "GET", "/v1/models", "none"},
           Case{"owner", "PUT", "/v1/files/a", "role_denies"},
           Case{"admin", "PUT", "/v1/files/a", "none"},
           Case{"admin", "DELETE", "/v1/models/x", "none"},
           Case{"admin", "GET", "/v1/audit/a", "none"},
           Case{"root", "PATCH", "/anything/at/all", "none"},
           Case{"nobody", "GET", "/v1/models", "role_denies"},
           // A path that could be read in two ways is covered by no pattern.
           Case{"admin", "PUT", "/v1/files/../keys", "role_denies"},
           Case{"admin", "PUT", "/v1/files/%2e%2e/keys", "role_denies"},
           Case{"admin", "PUT", "/v1/files//a", "role_denies"},
           Case{"admin", "PUT", "/v1/files/a;b", "role_denies"},
           Case{"ada", "post", "/v1/chat/completions", "role_denies"},
       }) {
    EXPECT_EQ(judge(2, one.key, one.method, one.path), one.rule)
        << one.key << " " << one.method << " " << one.path;
  }
}

TEST_F(GuardTest, OneProcessServesTwoPortals) {
  // Customers without roles: some paths, some tenants.
  EXPECT_EQ(judge(0, "plain", "POST", "/v1/chat/completions"), "none");
  EXPECT_EQ(judge(0, "plain", "POST", "/v1/embeddings"), "not_offered");
  EXPECT_EQ(judge(0, "nobody", "GET", "/v1/models"), "none");
  EXPECT_EQ(set(0)->skipped_stages, 3);
  // Partners with roles.
  EXPECT_EQ(judge(1, "plain", "GET", "/v1/models"), "role_missing");
  EXPECT_EQ(judge(1, "reader", "GET", "/v1/models"), "none");
  EXPECT_EQ(judge(1, "owner", "POST", "/v1/chat/completions"), "none");
  EXPECT_EQ(judge(1, "nobody", "GET", "/v1/models"), "role_denies");
  EXPECT_EQ(judge(1, "trial", "GET", "/v1/models"), "role_missing");
  // Keys are not taken where anybody may come.
  EXPECT_EQ(judge(3, "plain", "POST", "/v1/chat/completions"), "credential_kind");
}

TEST_F(GuardTest, TenantsThatAPolicySetDoesNotNameAreNotServed) {
  const config::OpenConfig other(R"(
listeners: [{address: "127.0.0.1:1", policy_set: s}]
tenants: [{name: a}, {name: b}, {name: c}]
policy_sets: [{name: s, tenants: [c, a]}]
keys:
  - {name: a, key: key-of-a-000000000, tenant: a}
  - {name: b, key: key-of-b-000000000, tenant: b}
  - {name: c, key: key-of-c-000000000, tenant: c}
)");
  ASSERT_TRUE(other.good());
  const HeadFacts head{"GET", "/v1/models", Endpoint::models_list, 0};
  const auto& set = other.view.access().policy_sets()[0];
  const auto judged = [&](std::uint32_t key) {
    return judge_head(other.view, &set, other.view.scopes().caller(other.view.keys()[key]), head);
  };
  EXPECT_EQ(judged(0), GuardRule::none);
  EXPECT_EQ(judged(1), GuardRule::tenant_not_served);
  EXPECT_EQ(judged(2), GuardRule::none);
}

TEST_F(GuardTest, ScopesBindAKeyToEndpoints) {
  EXPECT_EQ(judge(2, "chat", "POST", "/v1/chat/completions"), "none");
  EXPECT_EQ(judge(2, "chat", "POST", "/v1/messages"), "none");
  EXPECT_EQ(judge(2, "chat", "POST", "/v1/embeddings"), "scope");
  EXPECT_EQ(judge(2, "chat", "GET", "/v1/models"), "scope");
  EXPECT_EQ(judge(2, "chat", "GET", "/v1/files/a"), "none");
  EXPECT_EQ(judge(2, "chat", "DELETE", "/v1/files/a"), "scope");
}

TEST_F(GuardTest, ModelsAndRoutes) {
  EXPECT_EQ(judge_model(view(), caller("plain"), "anything"), GuardRule::none);
  EXPECT_EQ(judge_model(view(), caller("trial"), "gpt-4o-mini"), GuardRule::none);
  EXPECT_EQ(judge_model(view(), caller("trial"), "gpt-4o"), GuardRule::trial_model);
  // Whatever is asked for goes to the sandbox.
  EXPECT_EQ(judge_model(view(), caller("sandbox"), "o3"), GuardRule::none);
  const auto* sandbox = view().sandbox_route(Dialect::openai);
  ASSERT_NE(sandbox, nullptr);
  EXPECT_EQ(view().text(view().provider(view().targets(*sandbox)[0]).name), "fake");
  EXPECT_EQ(view().sandbox_route(Dialect::gemini), nullptr);
  const config::Route& big = view().routes()[0];
  const config::Route& small = view().routes()[1];
  EXPECT_EQ(judge_route(view(), caller("bound"), small), GuardRule::none);
  EXPECT_EQ(judge_route(view(), caller("bound"), big), GuardRule::route);
  EXPECT_EQ(judge_route(view(), caller("plain"), big), GuardRule::none);
  EXPECT_EQ(judge_route(view(), caller("bound"), *sandbox), GuardRule::none);
}

TEST_F(GuardTest, AnybodyMayComeWhereAPolicySetSaysFor) {
  const Identity identity = identify(view(), set(3), {});
  ASSERT_EQ(identity.status, IdentifyStatus::known);
  EXPECT_EQ(view().text(identity.caller.tenant->name), "trial");
  EXPECT_EQ(identity.caller.key, nullptr);
  EXPECT_EQ(judge_head(view(), set(3), identity.caller,
                       {"POST", "/v1/chat/completions", Endpoint::chat_completions, 0}),
            GuardRule::none);
  EXPECT_EQ(judge_head(view(), set(3), identity.caller,
                       {"POST", "/v1/embeddings", Endpoint::embeddings, 0}),
            GuardRule::scope);
  // A credential that is wrong is not the same as none.
  EXPECT_EQ(identify(view(), set(3), {.x_api_key = "wrong-key"}).status, IdentifyStatus::unknown);
  EXPECT_EQ(identify(view(), set(0), {}).status, IdentifyStatus::missing);
  EXPECT_EQ(identify(view(), nullptr, {}).status, IdentifyStatus::missing);
}

TEST(Access, ReferencesLeadSomewhere) {
  struct Case {
    std::string_view text;
    std::string_view error;
  };
  const std::string front =
      config::text_of({config::kListeners, config::kProvider, config::kRoute});
  for (const Case& one : {
           Case{"roles: [{name: a, inherits: [b]}]", "there is no role `b`"},
           Case{"roles: [{name: a, inherits: [a]}]", "role `a` inherits from itself"},
           Case{"roles: [{name: a, inherits: [b]}, {name: b, inherits: [c]}, "
                "{name: c, inherits: [a]}]",
                "role `c` inherits from itself"},
           Case{"roles: [{name: a}, {name: a}]", "role `a` stands twice"},
           Case{"roles: [{name: a, allow: [x]}]", "is no method and path"},
           Case{"roles: [{name: a, allow: ['FETCH /v1/x']}]", "begins with none of GET"},
           Case{"roles: [{name: a, allow: ['GET /v1/**/x']}]", "has no path pattern"},
           Case{"roles: [{name: a, allow: ['GET  /v1/x']}]", "has no path pattern"},
           Case{"policy_sets: [{name: a, roles: [b]}]", "there is no role `b`"},
           Case{"policy_sets: [{name: a, skip: [guard]}]", "is none of admit, cache, reserve"},
           Case{"policy_sets: [{name: a, anonymous: {models: [gpt-4o]}}]",
                "anonymous callers have rights, but no tenant"},
           Case{"tenants: [{name: a}]\npolicy_sets: [{name: a, tenants: [b]}]",
                "there is no tenant `b`"},
           Case{"tenants: [{name: a, mode: trial}]", "is on trial with every model"},
           Case{"tenants: [{name: a, mode: sandbox}]", "is in a sandbox, but there is none"},
           Case{"tenants: [{name: a, models: [gpt-5]}]", "no route serves the model `gpt-5`"},
           Case{"users: [{name: a, roles: [b]}]", "there is no role `b`"},
           Case{"keys: [{name: a, key: 0123456789abcdef, roles: [b]}]", "there is no role `b`"},
           Case{"keys: [{name: a, key: 0123456789abcdef, routes: [b]}]", "there is no route `b`"},
           Case{"keys: [{name: a, key: 0123456789abcdef, scopes: [chats]}]",
                "is no method and path"},
           Case{"keys: [{name: a, key: 0123456789abcdef, expires_at: 2027-02-29}]", "is no date"},
       }) {
    const std::string errors = config::errors_of(front + std::string(one.text) + "\n");
    EXPECT_TRUE(errors.contains(one.error)) << one.text << "\n" << errors;
  }
  EXPECT_TRUE(config::errors_of("listeners: [{address: '127.0.0.1:1', policy_set: x}]\n")
                  .contains("there is no policy set `x`"));
}

// What would take for ever if inheritance were walked role by role.
TEST(Access, ManyRolesThatInheritFromEachOtherAreReadAtOnce) {
  std::string roles = "roles:\n";
  for (int i = 0; i < 64; ++i) {
    roles += "  - {name: r" + std::to_string(i) + ", inherits: [";
    for (int below = 0; below < i; ++below)
      roles += (below == 0 ? "r" : ", r") + std::to_string(below);
    roles += "]}\n";
  }
  const config::OpenConfig config(std::string(config::kListeners) + roles);
  ASSERT_TRUE(config.good());
  EXPECT_EQ(config.view.access().roles()[63].with_inherited, ~std::uint64_t{0});
  EXPECT_EQ(config.view.access().roles()[3].with_inherited, 15U);
}

}  // namespace
}  // namespace headrace::policy

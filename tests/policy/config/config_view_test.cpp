#include "policy/config/config_view.h"

#include <gtest/gtest.h>

#include "policy/config/base_builder.h"
#include "policy/config/option_table.h"
#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kConfig = R"(
listeners:
  - address: 127.0.0.1:8080
providers:
  - {name: openai, dialect: openai, url: "https://api.openai.com/v1", credential: "${OPENAI_API_KEY}"}
  - {name: claude, dialect: anthropic, url: "https://api.anthropic.com", credential: "${ANTHROPIC_API_KEY}"}
  - {name: own, dialect: openai, url: "https://own.example", credential: "${OPENAI_API_KEY}", exclusive: true, tenant: acme}
routes:
  - models: [gpt-4o, gpt-4o-mini]
    targets:
      - {provider: own, priority: 2}
      - {provider: openai, priority: 1, weight: 3, model: gpt-4o-2024}
      - {provider: openai, priority: 1, weight: 7}
  - {models: ["gpt-*"], targets: [{provider: openai}]}
  - {models: ["gpt-4*"], targets: [{provider: openai}]}
  - {models: ["*"], targets: [{provider: openai}]}
  - {models: [claude-x, gpt-4o], targets: [{provider: claude}]}
  - {models: [private], targets: [{provider: own}]}
keys:
  - {name: all, key: key-number-one-000}
  - {name: some, key: key-number-two-000, tenant: acme, models: [gpt-4o, "claude-*"]}
  - {name: pass, key: key-number-three-0, models: [gpt-4o], passthrough: true}
passthrough:
  - {path: "/v1/audio/*", provider: openai, request_micro_usd: 1500}
  - {path: "/v1/audio/**", provider: own, methods: [GET, DELETE]}
  - {path: "/v1/audio/speech", provider: claude}
)";

class ConfigViewTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(config_.good()); }

  std::string route_name(Dialect dialect, std::string_view model) const {
    const Route* route = view().find_route(dialect, model);
    return route == nullptr ? "none" : std::to_string(view().index_of(*route));
  }
  const ApiKey& key(std::string_view plain) const { return *view().find_key(key_digest(plain)); }
  Caller caller(std::string_view plain) const { return view().scopes().caller(key(plain)); }
  const ConfigView& view() const { return config_.view; }

  OpenConfig config_{kConfig};
};

TEST_F(ConfigViewTest, FindsRoutesExactlyThenByLongestPattern) {
  EXPECT_EQ(route_name(Dialect::openai, "gpt-4o"), "0");
  EXPECT_EQ(route_name(Dialect::openai, "gpt-4o-mini"), "0");
  EXPECT_EQ(route_name(Dialect::openai, "gpt-4o-audio"), "2");
  EXPECT_EQ(route_name(Dialect::openai, "gpt-5"), "1");
  EXPECT_EQ(route_name(Dialect::openai, "gpt-"), "1");
  EXPECT_EQ(route_name(Dialect::openai, "gpt"), "3");
  EXPECT_EQ(route_name(Dialect::openai, ""), "3");
  EXPECT_EQ(route_name(Dialect::openai, "GPT-4o"), "3");
  EXPECT_EQ(route_name(Dialect::openai, std::string(kModelBytesMax, 'x')), "3");
  EXPECT_EQ(route_name(Dialect::openai, std::string(kModelBytesMax + 1, 'x')), "none");
}

TEST_F(ConfigViewTest, KeepsDialectsApart) {
  EXPECT_EQ(route_name(Dialect::anthropic, "gpt-4o"), "4");
  EXPECT_EQ(route_name(Dialect::anthropic, "claude-x"), "4");
  EXPECT_EQ(route_name(Dialect::anthropic, "claude-y"), "none");
  EXPECT_EQ(route_name(Dialect::gemini, "gpt-4o"), "none");
  EXPECT_EQ(route_name(Dialect::openai, "claude-x"), "3");
}

TEST_F(ConfigViewTest, TargetsStandByPriorityThenAsWritten) {
  const Route* route = view().find_route(Dialect::openai, "gpt-4o");
  ASSERT_NE(route, nullptr);
  const auto targets = view().targets(*route);
  ASSERT_EQ(targets.size(), 3U);
  EXPECT_EQ(targets[0].weight, 3);
  EXPECT_EQ(view().text(targets[0].model), "gpt-4o-2024");
  EXPECT_EQ(targets[1].weight, 7);
  EXPECT_TRUE(view().text(targets[1].model).empty());
  EXPECT_EQ(view().text(view().provider(targets[2]).name), "own");
}

TEST_F(ConfigViewTest, FindsKeysByTheirDigestOnly) {
  ASSERT_NE(view().find_key(key_digest("key-number-two-000")), nullptr);
  EXPECT_EQ(view().scopes().name(key("key-number-two-000")), "some");
  EXPECT_EQ(view().text(view().tenant(key("key-number-two-000")).name), "acme");
  EXPECT_EQ(view().text(view().tenant(key("key-number-one-000")).name), "default");
  EXPECT_EQ(&view().keys()[2], &key("key-number-three-0"));
  EXPECT_EQ(view().find_key(key_digest("key-number-two-001")), nullptr);
  EXPECT_EQ(view().find_key(Sha256{}), nullptr);
  // The slot's place and fingerprint fit, the rest does not: it is not that key.
  for (std::size_t byte = 12; byte < 32; ++byte) {
    Sha256 digest = key_digest("key-number-two-000");
    digest.bytes[byte] ^= 1;
    EXPECT_EQ(view().find_key(digest), nullptr) << byte;
  }
}

TEST_F(ConfigViewTest, KeysMayAskForTheirModelsOnly) {
  const Caller all = caller("key-number-one-000");
  const Caller some = caller("key-number-two-000");
  EXPECT_TRUE(view().allows(all, "anything"));
  EXPECT_TRUE(view().allows(some, "gpt-4o"));
  EXPECT_TRUE(view().allows(some, "claude-x"));
  EXPECT_FALSE(view().allows(some, "gpt-4o-mini"));
  EXPECT_FALSE(view().allows(some, "gpt-4"));
  EXPECT_FALSE(view().allows(some, ""));
}

TEST_F(ConfigViewTest, PassthroughIsForUnrestrictedKeysUnlessSaid) {
  EXPECT_EQ(view().scopes().rights(key("key-number-one-000")).passthrough, Switch::on);
  EXPECT_EQ(view().scopes().rights(key("key-number-two-000")).passthrough, Switch::off);
  EXPECT_EQ(view().scopes().rights(key("key-number-three-0")).passthrough, Switch::on);
}

TEST_F(ConfigViewTest, ExclusiveProvidersServeTheirTenantOnly) {
  const Provider& openai = view().providers()[0];
  const Provider& own = view().providers()[2];
  EXPECT_TRUE(view().may_use(caller("key-number-one-000"), openai));
  EXPECT_TRUE(view().may_use(caller("key-number-two-000"), openai));
  EXPECT_FALSE(view().may_use(caller("key-number-one-000"), own));
  EXPECT_TRUE(view().may_use(caller("key-number-two-000"), own));
}

TEST_F(ConfigViewTest, ListsTheModelsThatAKeyMayUse) {
  const auto list = [&](Dialect dialect, const Caller key) {
    std::vector<std::string> names;
    std::size_t cursor = 0;
    while (const ModelName* name = view().next_model(dialect, key, cursor)) {
      names.emplace_back(view().text(name->text));
    }
    return names;
  };
  const auto names = [](std::initializer_list<const char*> all) {
    return std::vector<std::string>(all.begin(), all.end());
  };
  // No patterns, and not what only another tenant's account serves.
  EXPECT_EQ(list(Dialect::openai, caller("key-number-one-000")), names({"gpt-4o", "gpt-4o-mini"}));
  EXPECT_EQ(list(Dialect::openai, caller("key-number-two-000")), names({"gpt-4o"}));
  EXPECT_EQ(list(Dialect::anthropic, caller("key-number-two-000")), names({"claude-x", "gpt-4o"}));
  EXPECT_EQ(list(Dialect::gemini, caller("key-number-one-000")), names({}));
}

TEST_F(ConfigViewTest, TheFirstPassthroughRuleThatFitsCounts) {
  const Caller owner = caller("key-number-two-000");
  const Caller other = caller("key-number-one-000");
  const auto found_by = [&](const Caller who, std::string_view method, std::string_view path) {
    const PassthroughRule* rule = view().find_passthrough(who, method, path);
    return rule == nullptr ? std::string("none")
                           : std::string(view().text(view().provider(*rule).name));
  };
  const auto found = [&](std::string_view method, std::string_view path) {
    return found_by(owner, method, path);
  };
  EXPECT_EQ(found("POST", "/v1/audio/speech"), "openai");
  EXPECT_EQ(found("GET", "/v1/audio/speech"), "own");
  EXPECT_EQ(found("DELETE", "/v1/audio/a/b"), "own");
  EXPECT_EQ(found("POST", "/v1/audio/a/b"), "none");
  EXPECT_EQ(found("PUT", "/v1/audio/speech"), "none");
  EXPECT_EQ(found("post", "/v1/audio/speech"), "none");
  EXPECT_EQ(found("", "/v1/audio/speech"), "none");
  EXPECT_EQ(found("GET", "/v1/audio/../files"), "none");
  EXPECT_EQ(found("GET", "/v1/audio/%2e%2e/files"), "none");
  EXPECT_EQ(found("GET", "/v1/audio//x"), "none");
  EXPECT_EQ(view().find_passthrough(other, "POST", "/v1/audio/speech")->request_micro_usd, 1500U);
  // Another tenant's own account is not there.
  EXPECT_EQ(found_by(other, "POST", "/v1/audio/speech"), "openai");
  EXPECT_EQ(found_by(other, "GET", "/v1/audio/speech"), "none");
  EXPECT_EQ(found_by(other, "DELETE", "/v1/audio/a/b"), "none");
}

TEST_F(ConfigViewTest, ProvidersCarryWhatTheirUrlAndDialectSay) {
  const Provider& openai = view().providers()[0];
  EXPECT_EQ(view().text(openai.host), "api.openai.com");
  EXPECT_EQ(view().text(openai.path_prefix), "/v1");
  EXPECT_EQ(openai.port, 443);
  EXPECT_EQ(openai.scheme, Scheme::https);
  EXPECT_EQ(openai.auth, AuthStyle::bearer);
  EXPECT_EQ(view().text(openai.auth_name), "authorization");
  EXPECT_EQ(view().text(openai.server_name), "api.openai.com");
  EXPECT_EQ(openai.verify, Switch::on);
  EXPECT_EQ(openai.timeouts.connect_ms, 5000U);
  const Provider& claude = view().providers()[1];
  EXPECT_EQ(claude.auth, AuthStyle::header);
  EXPECT_EQ(view().text(claude.auth_name), "x-api-key");
}

TEST_F(ConfigViewTest, CredentialsUnsealWithTheMasterKeyAndTheProvidersName) {
  const Provider& openai = view().providers()[0];
  const auto sealed = view().sealed(openai.credential);
  std::string plain(sealed.size() - kSealOverheadBytes, '\0');
  const auto length =
      unseal(test_master_key(), credential_context(view().text(openai.name)), sealed, plain);
  ASSERT_TRUE(length) << length.error();
  EXPECT_EQ(plain, kProviderSecret);
  EXPECT_FALSE(unseal(test_master_key(), credential_context("claude"), sealed, plain));
  EXPECT_EQ(view().settings().master_key_fingerprint, test_master_key().fingerprint());
}

TEST_F(ConfigViewTest, NoSecretStandsInTheBase) {
  const std::string_view bytes(reinterpret_cast<const char*>(config_.base.data()),
                               config_.base.size());
  EXPECT_FALSE(bytes.contains("CANARY"));
  EXPECT_FALSE(bytes.contains("key-number"));
}

TEST(ConfigView, NoSecretOfAnyKindStandsInTheBase) {
  const OpenConfig config(R"(
listeners: [{address: "127.0.0.1:8080"}]
providers:
  - name: own
    dialect: openai
    url: "https://own.example"
    credential: sk-CANARY-credential-0
    context_headers: signed
    context_secret: CANARY-context-0123456789-0123456789
    headers_add: {X-Account: "CANARY-header-${OPENAI_API_KEY}"}
    query_add: {account: "${OPENAI_API_KEY}"}
    egress_proxy: "http://10.0.0.3:3128"
    egress_proxy_credential: "me:CANARY-egress"
    private_network: true
  - name: several
    dialect: openai
    url: "https://several.example"
    keys: [{name: first, credential: sk-CANARY-first-01}, {name: second, credential: "${OPENAI_API_KEY}"}]
token_issuers:
  - {name: house, issuer: "https://house.example", tenant: default, secret: CANARY-issuer-0123456789-0123456789}
routes: [{models: [m], targets: [{provider: own}]}]
keys: [{name: k, key: hr-CANARY-key-0123456789, tenant: default}]
)");
  ASSERT_TRUE(config.good());
  const std::string_view bytes(reinterpret_cast<const char*>(config.base.data()),
                               config.base.size());
  const std::size_t at = bytes.find("CANARY");
  EXPECT_EQ(at, bytes.npos) << bytes.substr(std::min(at, bytes.size()), 32);
}

TEST(ConfigView, HoldsManyKeysAndFindsEachOne) {
  constexpr std::uint32_t kKeys = 20'000;
  const MasterKey master_key = test_master_key();
  BaseBuilder builder(master_key);
  ConfigModel model;
  set_defaults(config_section(), &model);
  builder.add(model);
  for (std::uint32_t i = 0; i < kKeys; ++i) {
    const std::string name = "key " + std::to_string(i);
    builder.add_key({.digest = key_digest(name),
                     .name = name,
                     .prefix = {},
                     .tenant = i % 2 == 0 ? "even" : "odd",
                     .rights = {.models = {"gpt-4o", "claude-*"}}});
  }
  const auto base = builder.finish();
  const auto view = ConfigView::open(base);
  ASSERT_TRUE(view) << view.error();
  for (std::uint32_t i = 0; i < kKeys; ++i) {
    const ApiKey* key = view->find_key(key_digest("key " + std::to_string(i)));
    ASSERT_NE(key, nullptr) << i;
    ASSERT_EQ(key, &view->keys()[i]);
    ASSERT_LT(view->index_of(*key), kKeys);
  }
  for (std::uint32_t i = kKeys; i < 2 * kKeys; ++i) {
    ASSERT_EQ(view->find_key(key_digest("key " + std::to_string(i))), nullptr) << i;
  }
  EXPECT_EQ(view->tenants().size(), 2U);
  // Equal rights are kept once.
  EXPECT_EQ(view->keys()[0].rights, view->keys()[1].rights);
  EXPECT_EQ(view->scopes().name(view->keys()[7]), "key 7");
}

TEST(ConfigView, WithoutKeysOrRoutesNothingIsFound) {
  const OpenConfig config(kListeners);
  ASSERT_TRUE(config.good());
  EXPECT_EQ(config.view.find_key(Sha256{}), nullptr);
  EXPECT_EQ(config.view.find_route(Dialect::openai, "gpt-4o"), nullptr);
  EXPECT_EQ(config.view.settings().master_key_fingerprint, 0U);
}

}  // namespace
}  // namespace headrace::policy::config

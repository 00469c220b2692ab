#include "policy/config/config_remarks.h"

#include <fmt/format.h>

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

std::string remarks_on(std::string_view yaml, std::uint64_t now_unix_s = 1'800'000'000) {
  const OpenConfig config(yaml);
  std::string text;
  for (const std::string& remark : config_remarks(config.view, now_unix_s))
    text += remark + "\n";
  return text;
}

TEST(ConfigRemarks, SayWhatCanHardlyBeMeant) {
  const std::string keys = "keys: [{name: k, key: \"${HEADRACE_KEY}\", expires_at: 2027-01-01}]\n";
  EXPECT_TRUE(remarks_on(text_of({kListeners, kProvider, kRoute})).starts_with("nobody may ask"));
  EXPECT_EQ(remarks_on(text_of({kListeners, kProvider, keys}), 1'700'000'000),
            "there is nothing to ask for: no `routes`, and no `passthrough`\n");
  EXPECT_EQ(remarks_on(text_of({kListeners, kProvider, kRoute, keys})),
            "key `k` has expired: 2027-01-01T00:00:00Z\n");
  EXPECT_EQ(remarks_on(text_of({kListeners, kProvider, kRoute, keys}), 1'700'000'000), "");
  EXPECT_TRUE(remarks_on(text_of({kListeners, kProvider, kRoute, keys,
                                  "development: {ignore_ip_lists: true}\n"}),
                         1'700'000'000)
                  .contains("keeps anybody out"));
}

TEST(ConfigRemarks, NameProvidersThatNobodyAsks) {
  const std::string key = "keys: [{name: k, key: \"${HEADRACE_KEY}\"}]\n";
  const auto providers = [](std::string_view letters) {
    std::string more;
    for (const char letter : letters) {
      more += fmt::format(
          "  - {{name: {}, dialect: openai, url: \"https://{}.test/v1\", "
          "credential: \"${{OPENAI_API_KEY}}\"}}\n",
          letter, letter);
    }
    return more;
  };
  const std::string passthrough = "passthrough: [{path: /v1/x, provider: a}]\n";
  const std::string text =
      remarks_on(text_of({kListeners, kProvider, providers("abcdefg"), kRoute, passthrough, key}));
  EXPECT_TRUE(
      text.starts_with("provider `b` is asked for nothing: no route and no `passthrough` "
                       "names it\nprovider `c`"));
  EXPECT_TRUE(
      text.ends_with("provider `f` is asked for nothing: no route and no `passthrough` "
                     "names it\n1 more provider is asked for nothing\n"));
  EXPECT_TRUE(
      remarks_on(text_of({kListeners, kProvider, providers("abcdefgh"), kRoute, passthrough, key}))
          .ends_with("\n2 more providers are asked for nothing\n"));
}

TEST(ConfigRemarks, NamePassthroughToAccountsThatTenantsShare) {
  const std::string rest = "keys: [{name: k, key: \"${HEADRACE_KEY}\", tenant: a}]\n";
  const std::string one = "tenants: [{name: a}]\n";
  const std::string two = "tenants: [{name: a}, {name: b}]\n";
  const auto rules = [](int count) {
    std::string text = "passthrough:\n";
    for (int i = 0; i < count; ++i)
      text += fmt::format("  - {{path: /v1/x{}, provider: openai}}\n", i);
    return text;
  };
  const std::string text =
      remarks_on(text_of({kListeners, kProvider, kRoute, two, rules(1), rest}));
  EXPECT_TRUE(
      text.starts_with("passthrough `/v1/x0`: bodies that are neither JSON nor forms pass unread "
                       "to the account of `openai`"));
  EXPECT_TRUE(remarks_on(text_of({kListeners, kProvider, kRoute, two, rules(7), rest}))
                  .ends_with("2 more passthrough rules lead to accounts that tenants share\n"));
  // Nobody shares it; nothing is in a body; the account is the client's own.
  EXPECT_EQ(remarks_on(text_of({kListeners, kProvider, kRoute, one, rules(1), rest})), "");
  EXPECT_EQ(remarks_on(text_of({kListeners, kProvider, kRoute, two,
                                "passthrough: [{path: /v1/x, methods: [GET], provider: openai}]\n",
                                rest})),
            "");
  EXPECT_EQ(remarks_on(text_of(
                {kListeners, kProvider, "    own_keys: required\n", kRoute, two, rules(1), rest})),
            "");
}

TEST(ConfigRemarks, NamePassthroughThatNeverCounts) {
  const auto remarks = [](const std::string& rule) {
    return remarks_on(
        text_of({kListeners, kProvider, kRoute, "passthrough: [{", rule, ", provider: openai}]\n",
                 "keys: [{name: k, key: \"${HEADRACE_KEY}\"}]\n"}));
  };
  EXPECT_EQ(remarks("path: /v1/chat/completions"),
            "passthrough `/v1/chat/completions` never counts: that endpoint has rules of its own, "
            "by `routes`\n");
  EXPECT_EQ(remarks("path: /v1/audio/speech"), "");
  EXPECT_EQ(remarks("path: \"/v1/**\""), "");
}

TEST(ConfigRemarks, LetWhoeverMayAskAsk) {
  EXPECT_EQ(remarks_on(text_of({kListeners, kProvider, kRoute,
                                "token_issuers: [{name: sso, issuer: i, tenant: t, secret: "
                                "0123456789abcdef0123456789abcdef}]\n"})),
            "");
  EXPECT_EQ(remarks_on(text_of({kListeners, kProvider, kRoute,
                                "policy_sets: [{name: p, anonymous: {tenant: t}}]\n"})),
            "");
}

TEST(ConfigRemarks, NameSomeOfManyKeys) {
  const auto remarks_on_keys = [](int count) {
    std::string keys = "keys:\n";
    for (int i = 0; i < count; ++i) {
      keys += "  - {name: k" + std::to_string(i) + ", key: " + std::to_string(i) +
              "0123456789abcdef, expires_at: 2020-01-01}\n";
    }
    return remarks_on(text_of({kListeners, kProvider, kRoute, keys}));
  };
  const std::string text = remarks_on_keys(11);
  EXPECT_EQ(std::ranges::count(text, '\n'), 6);
  EXPECT_TRUE(text.ends_with("6 more keys have expired\n")) << text;
  EXPECT_TRUE(remarks_on_keys(6).ends_with("\n1 more key has expired\n"));
}

}  // namespace
}  // namespace headrace::policy::config

// What is refused of providers, routes and keys.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/policy/config/expected_errors.h"

namespace headrace::policy::config {
namespace {

TEST(ConfigErrors, ProvidersAndTheirCredentials) {
  const auto provider = [](std::string_view rest) {
    return text_of({kListeners, "providers:\n  - name: a\n    dialect: openai\n", rest});
  };
  constexpr std::string_view kUrl = "    url: https://a.example\n";
  expect_errors({
      {provider(kUrl),
       "provider `a` has no credential; add `credential: ${NAME}`, or `auth: none`"},
      {provider(text_of({kUrl, "    auth: none\n    credential: x\n"})), "and `auth: none`"},
      {provider(text_of({kUrl, "    auth: header\n    credential: x\n"})), "add `auth_name:`"},
      {provider(text_of({kUrl, "    auth: query\n    credential: x\n"})), "add `auth_name:`"},
      {provider(text_of({kUrl, "    auth_name: x\n    credential: x\n"})),
       "that its `auth` does not"},
      {provider(text_of({kUrl, "    auth: header\n    auth_name: Host\n    credential: x\n"})),
       "cannot carry a credential"},
      {provider(text_of({kUrl, "    auth: query\n    auth_name: key\n    credential: a&b\n"})),
       "has characters that no query has"},
      {provider(text_of({kUrl, "    credential: 'a b'\n"})), "no credential has"},
      {provider(text_of({kUrl, "    credential: \"a\\r\\nX: b\"\n"})), "control character"},
      {provider(text_of({kUrl, "    credential: ''\n"})), "is empty"},
      {provider("    url: http://a.example\n    auth: none\n"), "is `http:`"},
      {provider("    url: https://127.0.0.1\n    auth: none\n"),
       "names a loopback or private address; if it is meant, say `private_network: true`"},
      {provider("    url: https://169.254.169.254\n    auth: none\n    private_network: true\n"),
       "names an address that no provider can have"},
      {provider("    url: https://u:p@a.example\n    auth: none\n"), "has a user name or password"},
      {provider(text_of({kUrl, "    auth: none\n    verify: false\n"})), "is not verified"},
      {provider(text_of({kUrl,
                         "    auth: none\n    private_network: true\n    verify: false\n"
                         "    ca_file: /x\n"})),
       "`ca_file` of provider `a`, which is not verified; remove `verify: false`"},
      {provider(
           "    url: http://a\n    auth: none\n    private_network: true\n    verify: false\n"),
       "`verify` of provider `a`, which is reached without TLS"},
      {provider(text_of({kUrl, "    auth: none\n    client_key_file: /k\n"})), "has only one of"},
      {provider("    url: http://a\n    auth: none\n    private_network: true\n    ca_file: /x\n"),
       "which is reached without TLS"},
      {provider(text_of({kUrl, "    auth: none\n    egress_proxy: https://proxy:3128\n"})),
       "test.yaml:8:19: `egress_proxy` is no proxy's address; write `http://` and a host"},
      {provider(text_of({kUrl, "    auth: none\n    egress_proxy: http://proxy:3128/a\n"})),
       "test.yaml:8:19: `egress_proxy` is no proxy's address"},
      {provider(text_of({kUrl, "    auth: none\n    egress_proxy_credential: a:b\n"})),
       "test.yaml:8:5: `egress_proxy_credential` without `egress_proxy`"},
      {provider(text_of({kUrl,
                         "    auth: none\n    egress_proxy: http://proxy:3128\n"
                         "    egress_proxy_credential: ab\n"})),
       "`egress_proxy_credential` has no colon; write `user:password`"},
      {provider(text_of({kUrl,
                         "    auth: none\n    egress_proxy: http://proxy:3128\n"
                         "    addresses: [{address: 1.1.1.1:443}]\n"})),
       "`addresses` beside `egress_proxy`"},
      {provider(text_of({kUrl, "    auth: none\n    addresses: [{address: 10.0.0.1:443}]\n"})),
       "a provider cannot have the address `10.0.0.1:443`"},
      {provider(text_of({kUrl,
                         "    auth: none\n    addresses: [{address: 1.1.1.1:443}, {address: "
                         "1.1.1.1:443}]\n"})),
       "the address `1.1.1.1:443` stands twice"},
      {provider(text_of({kUrl,
                         "    auth: none\n    addresses: [{address: 1.1.1.1:443, state: "
                         "maintenance}]\n"})),
       "every address is in maintenance"},
      {provider(text_of({kUrl, "    auth: none\n    own_keys: required\n"})),
       "`own_keys` of a provider with `auth: none`"},
      {provider(text_of({kUrl, "    auth: none\n    tenant: x\n"})), "is not exclusive"},
      {with_provider("  - {name: openai, dialect: openai, url: 'https://a.b', auth: none}\n"),
       "provider `openai` stands twice; first in line 4"},
      {provider("    url: https://a.example\n    auth: none\n    name: 'a b'\n"), "stands twice"},
      {text_of({kListeners, "providers: [{name: 'a b'}]\n"}), "other than letters, digits"},
  });
}

TEST(ConfigErrors, FieldsAndParametersThatAProviderMayNotSet) {
  const auto adds = [](std::string_view name) {
    return with_provider(fmt::format("    headers_add: {{{}: x}}\n", name));
  };
  for (const char* name :
       {"Host", "content-length", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Trailer",
        "Expect", "Keep-Alive", "Via", "Accept-Encoding", "X-Forwarded-For"}) {
    EXPECT_TRUE(errors_of(adds(name)).contains("written by the gateway itself")) << name;
    EXPECT_TRUE(errors_of(with_provider(fmt::format("    headers_remove: [{}]\n", name)))
                    .contains("written by the gateway itself"))
        << name;
  }
  for (const char* name : {"Authorization", "x-api-key", "API-Key", "X-Goog-Api-Key", "Cookie",
                           "Proxy-Authorization"}) {
    EXPECT_TRUE(errors_of(adds(name)).contains("carries credentials")) << name;
  }
  expect_errors({
      {adds("\"X Y\""), "has a name that has a character that no field name has"},
      {adds("\"X:Y\""), "has a character that no field name has"},
      {adds("\"\""), "is empty"},
      {with_provider("    headers_add: {A: b, a: c}\n"), "the field `a` stands twice"},
      {with_provider("    headers_add: {A: \" b\"}\n"), "or a space at its ends"},
      {with_provider("    headers_add: {A: \"b\\nX: c\"}\n"), "control character"},
      {with_provider("    headers_add: {A: \"\\u00e4\"}\n"), "that no field value has"},
      {with_provider("    headers_add: [a]\n"), "is not a map of names and values"},
      {with_provider("    query_add: {key: x}\n"), "parameter `key` carries a credential"},
      {with_provider("    query_add: {a: \"b&c\"}\n"), "must be percent-encoded"},
      {with_provider("    query_add: {a: \"b#c\"}\n"), "must be percent-encoded"},
      {with_provider("    query_add: {a: \"%2\"}\n"), "a percent sign without"},
      {with_provider("    query_add: {\"a=b\": c}\n"), "must be percent-encoded"},
  });
  EXPECT_EQ(errors_of(adds("anthropic-version")), "");
  EXPECT_EQ(errors_of(with_provider("    query_add: {api-version: 2024-06-01}\n")), "");
}

TEST(ConfigErrors, RoutesAndModels) {
  const auto route = [](std::string_view lines) { return with_provider(lines); };
  constexpr std::string_view kClaude =
      "  - {name: claude, dialect: anthropic, url: 'https://a.example', auth: none}\n";
  expect_errors({
      {route("routes: [{models: [a, a], targets: [{provider: openai}]}]\n"), "has an entry twice"},
      {route(
           "routes:\n  - {models: [a], targets: [{provider: openai}]}\n  - {models: [a], targets: "
           "[{provider: openai}]}\n"),
       "test.yaml:10:15: the model `a` stands twice; first in line 9"},
      {route("routes: [{models: ['a*b'], targets: [{provider: openai}]}]\n"), "not at its end"},
      {route("routes: [{models: ['**'], targets: [{provider: openai}]}]\n"), "not at its end"},
      {route("routes: [{models: ['a b'], targets: [{provider: openai}]}]\n"),
       "characters other than"},
      {route("routes: [{models: [\"a\\nb\"], targets: [{provider: openai}]}]\n"),
       "control character"},
      {route("routes: [{models: ['a\"b'], targets: [{provider: openai}]}]\n"),
       "characters other than"},
      {route("routes: [{models: [a], targets: [{provider: openai, model: 'b*'}]}]\n"),
       "has a star"},
      {route("routes: [{models: a, targets: [{provider: openai}]}]\n"), "is not a list"},
      {route("routes: [{models: [[a]], targets: [{provider: openai}]}]\n"),
       "is not a single value"},
      {route("routes: [{models: [a], targets: []}]\n"), "`targets` of the route is an empty list"},
      {with_provider(text_of({kClaude,
                              "routes: [{models: [a], targets: [{provider: openai}, "
                              "{provider: claude}]}]\n"})),
       "different dialects; make a route for each dialect"},
  });
  // The same model in two dialects is two routes.
  EXPECT_EQ(errors_of(with_provider(
                text_of({kClaude,
                         "routes:\n  - {models: ['*'], targets: [{provider: openai}]}\n"
                         "  - {models: ['*'], targets: [{provider: claude}]}\n"}))),
            "");
}

TEST(ConfigErrors, PatternsAreBoundedInNumber) {
  const auto with_patterns = [](int count) {
    std::string yaml = with_provider("routes:\n");
    for (int i = 0; i < count; ++i) {
      yaml += fmt::format("  - {{models: ['m{}*'], targets: [{{provider: openai}}]}}\n", i);
    }
    return yaml;
  };
  EXPECT_EQ(errors_of(with_patterns(256)), "");
  EXPECT_TRUE(errors_of(with_patterns(257)).contains("more than 256 model patterns"));
}

TEST(ConfigErrors, OneSandboxForEachDialect) {
  const auto with_second = [](std::string_view options) {
    return with_provider("    sandbox: true\n  - {name: second, url: 'https://second.example', " +
                         std::string(options) + "}\n");
  };
  EXPECT_EQ(errors_of(with_second("dialect: gemini, credential: x, sandbox: true")), "");
  EXPECT_EQ(errors_of(with_second("dialect: openai, credential: x")), "");
  expect_errors({{with_second("dialect: openai, credential: x, sandbox: true"),
                  "provider `second` is a second sandbox of its dialect"}});
}

TEST(ConfigErrors, AddressesThatSomethingElseDecides) {
  const auto provider = [](std::string_view options) {
    return text_of({kListeners,
                    "providers:\n  - {name: a, dialect: openai, url: 'http://a.example', "
                    "credential: x, private_network: true, addresses: [{address: 192.0.2.1}], ",
                    options, "}\n"});
  };
  expect_errors({
      {provider("unix_socket: /run/a"), "`addresses` beside `unix_socket`"},
      {provider("egress_proxy: 'http://proxy.example:3128'"), "`addresses` beside `egress_proxy`"},
  });
}

TEST(ConfigErrors, Keys) {
  expect_errors({
      {with_key("  - {name: a}\n"), "key `a` has neither `key` nor `sha256`"},
      {with_key("  - {name: a, key: 0123456789abcdef, sha256: '" + std::string(64, '0') + "'}\n"),
       "key `a` has both `key` and `sha256`"},
      {with_key("  - {name: a, key: 0123456789abcde}\n"), "key `a` is shorter than 16 characters"},
      {with_key("  - {name: a, key: ''}\n"), "is empty"},
      {with_key("  - {name: a, sha256: abc}\n"), "is not 64 hexadecimal digits"},
      {with_key("  - {name: a, sha256: '" + std::string(63, '0') + "g'}\n"),
       "is not 64 hexadecimal"},
      {with_key("  - {name: a, key: 0123456789abcdef}\n  - {name: b, key: 0123456789abcdef}\n"),
       "key `b` is the same key as `a`"},
      {with_key("  - {name: a, key: 0123456789abcdef}\n  - {name: a, key: 0123456789abcdeg}\n"),
       "key `a` stands twice"},
      {with_key("  - {name: a, key: 0123456789abcdef, models: [gpt-5]}\n"),
       "no route serves the model `gpt-5`; did you mean `gpt-4o`?"},
      {with_key("  - {name: a, key: 0123456789abcdef, models: ['claude*']}\n"), "no route serves"},
      {with_key("  - {name: a, key: 0123456789abcdef}\nplans: [{name: p, models: [gpt-5]}]\n"),
       "no route serves the model `gpt-5`; did you mean `gpt-4o`?"},
      {with_key("  - {name: a, key: 0123456789abcdef, tenant: \"a\\u0085b\"}\n"),
       "control character"},
  });
  EXPECT_EQ(errors_of(with_key("  - {name: a, key: 0123456789abcdef, models: ['gpt*', '*']}\n")),
            "");
}

TEST(ConfigErrors, ExclusiveAccountsAndStoredObjects) {
  const std::string two_tenants =
      "keys:\n  - {name: a, key: 0123456789abcdef, tenant: x}\n"
      "  - {name: b, key: 0123456789abcdeg, tenant: y}\n";
  expect_errors({
      {with_provider("    exclusive: true\n" + two_tenants),
       "there are 2 tenants; say whose it is"},
      {with_provider("passthrough: [{path: /v1/files, provider: openai}]\n"), "tenants share"},
      {with_provider("passthrough: [{path: '/v1/batches/**', provider: openai}]\n"),
       "tenants share"},
      {with_provider("passthrough: [{path: '/v1/files/*/content', provider: openai}]\n"), "share"},
      {with_provider("passthrough: [{path: '/v1/responses/*', provider: openai}]\n"), "share"},
      {with_provider("passthrough: [{path: '/v1/x/**/y', provider: openai}]\n"),
       "is no path pattern"},
      {with_provider("passthrough: [{path: '/v1/../x', provider: openai}]\n"),
       "is no path pattern"},
      {with_provider("passthrough: [{path: /v1/x, provider: x}]\n"), "there is no provider `x`"},
      {with_provider("passthrough: [{path: /v1/x, provider: openai, methods: [CONNECT]}]\n"),
       "is none of GET"},
      {with_provider("passthrough: [{path: /v1/x, provider: openai, methods: []}]\n"),
       "empty list"},
  });
  EXPECT_EQ(errors_of(with_provider("    exclusive: true\n    tenant: x\n" + two_tenants)), "");
  EXPECT_EQ(errors_of(with_provider(
                "    exclusive: true\npassthrough: [{path: '/v1/files/*', provider: openai}]\n")),
            "");
  EXPECT_EQ(errors_of(with_provider("passthrough: [{path: '/v1/audio/*', provider: openai}]\n")),
            "");
}

}  // namespace
}  // namespace headrace::policy::config

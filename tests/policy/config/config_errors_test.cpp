// What is refused, where the error points, and what it tells to do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

struct Case {
  std::string yaml;
  const char* error;  // stands in one line of the errors
};

void expect_errors(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const std::string errors = errors_of(one.yaml);
    EXPECT_TRUE(errors.contains(one.error))
        << one.yaml << "\n--- wanted: " << one.error << "\n--- errors:\n"
        << errors;
  }
}

std::string with_provider(std::string_view lines) {
  return text_of({kListeners, kProvider, lines});
}
std::string with_key(std::string_view lines) {
  return text_of({kListeners, kProvider, kRoute, "keys:\n", lines});
}

TEST(ConfigErrors, NameTheOptionThatWasMeant) {
  expect_errors({
      {with_provider("    timeot_ms: 5\n"),
       "test.yaml:8:5: unknown option `timeot_ms` in provider `openai`; remove it"},
      {with_provider("    gap_timeot_ms: 5\n"),
       "test.yaml:8:5: unknown option `gap_timeot_ms` in provider `openai`; did you mean "
       "`gap_timeout_ms`?"},
      {text_of({kListeners, "htpt: {}\n"}),
       "test.yaml:3:1: unknown option `htpt` in the config; did you mean `http`?"},
      {text_of(
           {kListeners, kProvider, "routes:\n  - models: [a]\n    targets: [{provider: opnai}]\n"}),
       "test.yaml:10:26: there is no provider `opnai`; did you mean `openai`?"},
      {text_of({kListeners, kProvider, "    dialect2: x\n    \"a\\eb\": x\n"}),
       "unknown option `a?b`"},
  });
}

TEST(ConfigErrors, AreReportedAllAtOnceInTheOrderOfTheFile) {
  const auto compiled = compile_text(
      "admin:\n  address: nowhere\nlisteners:\n  - address: 127.0.0.1:8080\n    tls: maybe\n"
      "http:\n  head_bytes_max: 1\n  fields_max: many\nrouts: []\n");
  ASSERT_FALSE(compiled);
  std::vector<std::pair<unsigned, unsigned>> places;
  for (const ConfigError& error : compiled.error())
    places.emplace_back(error.line, error.column);
  const std::vector<std::pair<unsigned, unsigned>> wanted = {
      {2, 12}, {5, 10}, {7, 19}, {8, 15}, {9, 1}};
  EXPECT_EQ(places, wanted) << errors_text(compiled.error());
  for (const ConfigError& error : compiled.error())
    EXPECT_FALSE(error.remedy.empty());
}

TEST(ConfigErrors, AreBoundedInNumber) {
  std::string yaml(kListeners);
  for (int i = 0; i < 500; ++i)
    yaml += fmt::format("unknown_{}: 1\n", i);
  const auto compiled = compile_text(yaml);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().size(), kConfigErrorsMax);
  EXPECT_TRUE(compiled.error().back().message.contains("401 more"));
}

TEST(ConfigErrors, RequiredOptionsAreAskedFor) {
  expect_errors({
      {"", "test.yaml: the config is empty"},
      {"# nothing\n", "the config is empty"},
      {"{}", "the config has no `listeners`"},
      {"[]", "the config is not a map"},
      {"text", "the config is not a map"},
      {"listeners: []\n", "`listeners` of the config is an empty list"},
      {"listeners:\n", "`listeners` of the config is not a list"},
      {"listeners: {}\n", "`listeners` of the config is not a list"},
      {"listeners: [x]\n", "test.yaml:1:13: the listener is not a map"},
      {"listeners: [{}]\n", "the listener has no `address`"},
      {"listeners: [{address: }]\n", "`address` of the listener has no value"},
      {"listeners: [{address: ''}]\n", "is empty"},
      {text_of({kListeners, "providers: [{}]\n"}), "the provider has no `name`"},
      {text_of({kListeners, "providers: [{name: a}]\n"}), "provider `a` has no `url`"},
      {text_of({kListeners, "providers: [{name: a}]\n"}), "provider `a` has no `dialect`"},
      {text_of({kListeners, kProvider, "routes: [{models: [a]}]\n"}), "the route has no `targets`"},
      {text_of({kListeners, kProvider, "routes: [{models: [], targets: []}]\n"}),
       "`models` of the route is an empty list"},
  });
}

TEST(ConfigErrors, ListenersAndAdmin) {
  expect_errors({
      {"listeners: [{address: localhost:80}]\n", "is no address to listen on"},
      {"listeners: [{address: 8080}]\n", "is no address to listen on"},
      {"listeners: [{address: '127.0.0.1:65536'}]\n", "is no address to listen on"},
      {"listeners: [{address: '::1:80'}]\n", "is no address to listen on"},
      {text_of({kListeners, "    tls: true\n"}), "test.yaml:3:5: a listener with TLS has no"},
      {text_of({kListeners, "    ticket_key_file: /x\n"}),
       "`ticket_key_file` on a listener without"},
      {text_of({kListeners, "    certificates: [{certificate_file: a, key_file: b}]\n"}),
       "`certificates` on a listener without TLS; add `tls: true`"},
      {text_of({kListeners, "    tls_version_min: 1.3\n"}),
       "`tls_version_min` on a listener without TLS; add `tls: true`"},
      {text_of({kListeners, "    certificates: [{certificate_file: a}]\n    tls: true\n"}),
       "certificate `a` has no `key_file`"},
      {text_of({kListeners, "    alpn: [h2]\n"}), "is no protocol that this version speaks"},
      {text_of({kListeners, "    trusted_proxies: [10.0.0.1/8]\n"}), "is no network"},
      {text_of({kListeners, "    trusted_proxies: [10.0.0.0/33]\n"}), "is no network"},
      {text_of({kListeners, "    trusted_proxies: [proxy]\n"}), "is no network"},
      {text_of({kListeners, "    tls_version_min: 1.1\n"}), "write one of 1.2, 1.3"},
      {text_of({kListeners, "  - address: 127.0.0.1:8080\n"}),
       "test.yaml:3:14: the address `127.0.0.1:8080` stands twice; first in line 2"},
      {text_of({kListeners, "admin: {address: '127.0.0.1:8080'}\n"}), "stands twice"},
      {text_of({kListeners, "admin: {address: '0.0.0.0:9180'}\n"}), "could be reached from"},
      {text_of({kListeners, "admin: {address: '[::]:9180'}\n"}), "could be reached from"},
      {text_of({kListeners, "admin: {address: '10.0.0.1:9180'}\n"}), "could be reached from"},
  });
  EXPECT_EQ(
      errors_of(text_of({kListeners, "admin: {address: '0.0.0.0:9180', allow_remote: true}\n"})),
      "");
  EXPECT_EQ(errors_of(text_of({kListeners, "admin: {address: 'unix:/run/admin.sock'}\n"})), "");
  EXPECT_EQ(errors_of(text_of({kListeners, "admin: {address: '[::1]:9180'}\n"})), "");
  EXPECT_EQ(errors_of("listeners: [{address: '127.0.0.1:0'}, {address: '127.0.0.1:0'}]\n"), "");
  EXPECT_EQ(errors_of(text_of({kListeners, "admin:\nhttp:\nroutes:\nkeys:\n"})), "");
}

TEST(ConfigErrors, LimitsThatContradictEachOther) {
  expect_errors({
      {text_of({kListeners, "http: {line_bytes_max: 4097, head_bytes_max: 4096}\n"}),
       "`line_bytes_max` is above `head_bytes_max`"},
      {text_of({kListeners, "http: {body_bytes_max: 2MiB, bodies_memory_bytes_max: 1MiB}\n"}),
       "`body_bytes_max` is above"},
      {text_of({kListeners, "http: {body_bytes_max: 2560KiB, bodies_memory_bytes_max: 3071KiB}\n"}),
       "`body_bytes_max` is above"},
      {text_of({kListeners, "access_log: {output: file}\n"}), "a file has no path"},
      {text_of({kListeners, "access_log: {path: /x}\n"}), "goes to no file"},
      {with_provider("    pool_total_max: 10\n"), "`pool_idle_max` (512)"},
      {with_provider("    total_timeout_ms: 1000\n"), "`connect_timeout_ms` (5000)"},
      {with_provider("    total_timeout_ms: 1000\n"), "`gap_timeout_ms` (120000)"},
      {with_provider("    gap_timeout_ms: 1800001\n"), "is above `total_timeout_ms` (1800000)"},
  });
  EXPECT_EQ(
      errors_of(text_of({kListeners, "http: {line_bytes_max: 4096, head_bytes_max: 4096}\n"})), "");
  EXPECT_EQ(errors_of(text_of({kListeners,
                               "http: {body_bytes_max: 2560KiB, "
                               "bodies_memory_bytes_max: 3MiB}\n"})),
            "");
  EXPECT_EQ(errors_of(with_provider("    gap_timeout_ms: 1800000\n")), "");
}

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

TEST(ConfigErrors, OfListenersAtTheEdge) {
  const auto listener = [](std::string_view lines) {
    return text_of({kListeners, lines, kProvider, kRoute});
  };
  const std::pair<std::string, std::string_view> cases[] = {
      {listener("    proxy_protocol: required\n"), "`proxy_protocol` without `trusted_proxies`"},
      {listener("    client_certificates: required\n"),
       "`client_certificates` on a listener without TLS"},
      {listener("    client_certificates: optional\n"),
       "`client_certificates` without `client_ca_file`"},
      {listener("    client_ca_file: /x\n"), "`client_ca_file` without `client_certificates`"},
      {listener("    tls: true\n    over_address_limit: answer\n"),
       "`over_address_limit: answer` on a listener with TLS"},
      {listener("    cors_headers: [x-mine]\n"), "`cors_headers` without `cors_origins`"},
      {listener("    cors_origins: ['*', 'https://a.test']\n"), "`cors_origins` has `*` beside"},
      {listener("    cors_origins: [a.test]\n"), "is no origin as browsers write them"},
      {listener("    cors_origins: ['https://A.test']\n"), "is no origin as browsers write them"},
      {listener("    cors_origins: ['https://a.test/']\n"), "is no origin as browsers write them"},
      {listener("") + "certificate_names: [{name: 'dns:a', key: none}]\n",
       "there is no key `none`"},
      {listener("") + "certificate_names: [{name: 'dns:', key: none}]\n",
       "does not begin with `uri:`, `dns:`, `email:` or `cn:` and go on"},
      {listener("") + "certificate_names: [{name: 'dns:a', key: a}, {name: 'dns:a', key: a}]\n",
       "the certificate name `dns:a` stands twice"},
      {listener("") + "answers: {debug_sha256: abc}\n", "is not 64 hexadecimal digits"},
  };
  for (const auto& [yaml, complaint] : cases) {
    EXPECT_TRUE(errors_of(yaml).contains(complaint)) << yaml << errors_of(yaml);
  }
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

TEST(ConfigErrors, VariablesAndFiles) {
  const auto errors_with = [](std::string_view credential) {
    MapSource source = usual_source();
    source.files["/run/key"] = "sk-from-file\n";
    source.files["/run/two-lines"] = "sk\nsk\n";
    source.files["/run/huge"] = std::string(64 * 1024 + 1, 'x');
    source.variables["EMPTY"] = "";
    source.variables["HOSTILE"] = "sk-CANARY\r\nX: y";
    source.variables["NUMBER"] = "sk-CANARY";
    const auto compiled =
        compile(text_of({kListeners,
                         "providers:\n  - name: a\n    dialect: openai\n    url: https://a.b\n"
                         "    credential: ",
                         credential, "\n"}),
                "test.yaml", source, test_master_key());
    return compiled ? std::string() : errors_text(compiled.error());
  };
  EXPECT_EQ(errors_with("${OPENAI_API_KEY}"), "");
  EXPECT_EQ(errors_with("x${OPENAI_API_KEY}${OPENAI_API_KEY}y"), "");
  EXPECT_EQ(errors_with("${file:/run/key}"), "");
  EXPECT_EQ(errors_with("$${NOT_A_VARIABLE}"), "");
  EXPECT_EQ(errors_with("${MISSING}"),
            "test.yaml:7:17: the environment variable `MISSING` is not set; set it: export "
            "MISSING=...\n");
  EXPECT_EQ(errors_with("${file:/run/none}"),
            "test.yaml:7:17: file `/run/none`: no such file; check the path and who may read it\n");
  EXPECT_TRUE(errors_with("${file:/run/two-lines}").contains("control character"));
  EXPECT_TRUE(errors_with("${file:/run/huge}").contains("is longer than 65536 bytes"));
  EXPECT_TRUE(errors_with("${EMPTY}").contains("is empty"));
  EXPECT_TRUE(errors_with("${UNCLOSED").contains("without its `}`"));
  EXPECT_TRUE(errors_with("${}").contains("is not the name of a variable"));
  EXPECT_TRUE(errors_with("${A-B}").contains("is not the name of a variable"));
  EXPECT_TRUE(errors_with("${1A}").contains("is not the name of a variable"));
  const std::string hostile = errors_with("${HOSTILE}");
  EXPECT_TRUE(hostile.contains("control character"));
  EXPECT_FALSE(hostile.contains("CANARY"));
}

// A secret put in the wrong place is still a secret.
TEST(ConfigErrors, NeverRepeatWhatCameFromAVariable) {
  for (const char* lines :
       {"http: {head_bytes_max: \"${OPENAI_API_KEY}\"}\n", "http: {via: \"${OPENAI_API_KEY}\"}\n",
        "access_log: {output: \"${OPENAI_API_KEY}\"}\n",
        "admin: {address: \"${OPENAI_API_KEY}\"}\n",
        "providers: [{name: \"${OPENAI_API_KEY} x\"}]\n",
        "providers: [{name: a, url: \"${OPENAI_API_KEY}\"}]\n",
        "providers: [{name: a, credential: \"sk-CANARY with space\"}]\n",
        "keys: [{name: \"${OPENAI_API_KEY}\", key: short}]\n",
        "keys: [{name: a, key: \"sk-CANARY\"}]\n",
        "routes: [{models: [\"${OPENAI_API_KEY}\"], targets: [{provider: none}]}]\n",
        "routes: [{models: [a], targets: [{provider: \"${OPENAI_API_KEY}\"}]}]\n",
        "keys: [{name: a, key: 0123456789abcdef, models: [\"${OPENAI_API_KEY}\"]}]\n",
        "passthrough: [{path: /v1/x, provider: \"${OPENAI_API_KEY}\"}]\n",
        "keys: [{name: a, sha256: \"${OPENAI_API_KEY}\"}]\n"}) {
    const std::string errors = errors_of(text_of({kListeners, lines}));
    EXPECT_NE(errors, "") << lines;
    EXPECT_FALSE(errors.contains("CANARY")) << errors;
  }
}

TEST(ConfigErrors, NameTheFilesThatAreMissing) {
  const std::string tls = text_of(
      {kListeners, "    tls: true\n    ticket_key_file: /nowhere/ticket\n    certificates:\n",
       "      - certificate_file: /nowhere/cert\n        key_file: /nowhere/key\n"});
  expect_errors({
      {tls, "test.yaml:4:22: `ticket_key_file` `/nowhere/ticket`: no such file; correct the path"},
      {tls, "test.yaml:6:27: `certificate_file` `/nowhere/cert`: no such file"},
      {tls, "test.yaml:7:19: `key_file` `/nowhere/key`: no such file"},
      {text_of({kListeners, "access_log: {output: file, path: /nowhere/log}\n"}),
       "test.yaml:3:34: `path` `/nowhere/log`: no such file; correct the path, or let the "
       "gateway's user write to it"},
  });
}

}  // namespace
}  // namespace headrace::policy::config

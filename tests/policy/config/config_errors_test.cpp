// What is refused, where the error points, and what it tells to do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/policy/config/expected_errors.h"

namespace headrace::policy::config {
namespace {

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

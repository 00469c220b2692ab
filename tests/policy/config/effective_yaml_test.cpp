#include "policy/config/effective_yaml.h"

#include <gtest/gtest.h>

#include "tests/policy/config/config_fixture.h"

namespace headrace::policy::config {
namespace {

// Every option at something else than its default, every list with something in it.
constexpr std::string_view kEverything = R"(
listeners:
  - address: "[::1]:8443"
    tls: true
    certificates:
      - {certificate_file: /etc/a.pem, key_file: /etc/a.key}
      - {certificate_file: /etc/b.pem, key_file: /etc/b.key}
    tls_version_min: 1.3
    alpn: [http/1.1]
    ticket_key_file: /etc/tickets
    connections_max: 7
    requests_per_connection_max: 8
    backlog: 9
    trusted_proxies: [10.0.0.0/8, "fd00::/8", 192.0.2.1]
    x_forwarded: true
    policy_set: partners
  - address: unix:/run/headrace.sock
admin: {address: "unix:/run/admin.sock", metrics: false}
http:
  head_bytes_max: 9KiB
  fields_max: 50
  line_bytes_max: 5000
  body_bytes_max: 3MiB
  bodies_memory_bytes_max: 1GiB
  head_timeout_ms: 1001
  keep_alive_timeout_ms: 1002
  tls_handshake_timeout_ms: 1003
  body_bytes_per_second_min: 1
  send_bytes_per_second_min: 0
  rate_grace_ms: 1004
  drain_grace_ms: 0
  via: false
shards: {count: 3, pin: false, spin_us: 20}
io: {single_issuer: false, defer_taskrun: false, recv_multishot: false, accept_multishot: false,
     send_vectorized: false, ring_messages: false, absolute_waits: false, idle_waits: false,
     small_buffers: 64, bulk_buffers: 2}
access_log: {output: file, path: /var/log/headrace/access.log}
defaults:
  breaker: {failures: 8, window_ms: 3001, failure_percent: 9, requests_min: 10, open_ms: 3002,
            probes_max: 11, successes: 12}
  retry: {tries: 2, base_ms: 3003, factor: 4, max_ms: 3004, hint_max_ms: 3005, budget_percent: 13,
          budget_burst: 14}
  hedge: {after_ms: 3006, latency_percent: 15}
  lost_attempts: charged
providers:
  - name: one
    dialect: openai
    url: https://a.example:8443/openai/v1/
    auth: api-key
    credential: ${OPENAI_API_KEY}
    headers_add: {X-Plain: "a \"quoted\" \\ value $${x}", X-Secret: "${ANTHROPIC_API_KEY}"}
    headers_remove: [X-Gone, X-Too]
    query_add: {api-version: 2024-06-01, token: "${GEMINI_API_KEY}"}
    query_remove: [gone]
    ca_file: /etc/ca.pem
    server_name: b.example
    client_certificate_file: /etc/c.pem
    client_key_file: /etc/c.key
    exclusive: true
    tenant: acme
    pool_idle_max: 1
    pool_total_max: 2
    pool_idle_timeout_ms: 1005
    pool_lifetime_ms: 1006
    connect_timeout_ms: 1007
    first_byte_timeout_ms: 1008
    gap_timeout_ms: 1009
    total_timeout_ms: 1010
  - {name: two, dialect: anthropic, url: "http://127.0.0.1:1", private_network: true, auth: none,
     sandbox: true}
  - {name: three, dialect: gemini, url: "https://[::1]", private_network: true, verify: false,
     auth: query, auth_name: key2, credential: abc}
  - {name: four, dialect: openai, url: "http://x/v1", unix_socket: /run/vllm.sock, auth: header,
     auth_name: X-Token, credential: abc}
  - {name: five, dialect: gemini, url: "https://g.example", credential: abc}
  - {name: six, dialect: openai, url: "https://g.example", auth: x-api-key, credential: abc}
  - name: seven
    dialect: openai
    url: "https://h.example"
    keys:
      - {name: first, credential: abc, weight: 7,
         limits: [{measure: tokens, per: minute, value: 2008}]}
      - {name: second, credential: abc, drain: true}
    key_bench_ms: 2001
    breaker: {failures: 11, window_ms: 2002, failure_percent: 12, requests_min: 13, open_ms: 2003,
              probes_max: 14, successes: 15}
    health: {interval_ms: 2004, probe: head, path: "/up?x=1", any_status: true, timeout_ms: 2000,
             failures: 16, successes: 17, jitter_percent: 18}
routes:
  - name: main
    models: [a, "b*", "*"]
    targets:
      - {provider: four, model: m/x:1, weight: 9, priority: 4}
      - {provider: one, priority: 3}
    cache: {mode: always, ttl_ms: 1011, entry_bytes_max: 2048, deterministic_only: false,
            wait_ms: 1013, waiters_max: 1014}
    limits: [{measure: concurrent, value: 2010}, {measure: requests, per: hour, value: 2011}]
    queue: {waiting_max: 21, wait_max_ms: 2012}
    balance: least_latency
    retry: {tries: 4, base_ms: 2005, factor: 3, max_ms: 2006, hint_max_ms: 2007,
            budget_percent: 19, budget_burst: 20}
    hedge: {after_ms: 2010, latency_percent: 21}
    lost_attempts: absorbed
    comment_interval_ms: 2009
    json_depth_max: 33
  - {models: [a], targets: [{provider: two}]}
cache: {memory_bytes_max: 2000000}
organisations: [{name: holding}, {name: other}]
tenants:
  - {name: acme, organisation: other, mode: trial, models: [a, "b*"], weight: 7, language: de, time_zone: Europe/Berlin}
  - {name: default}
projects: [{name: search, tenant: acme}, {name: chat}]
roles:
  - {name: reader, allow: ["GET /v1/models", "* /v1/files/**"]}
  - {name: writer, inherits: [reader], allow: ["*"]}
  - {name: owner, inherits: [writer]}
policy_sets:
  - {name: partners, allow: ["POST /v1/chat/**"], tenants: [default, acme], roles: [writer, reader],
     role_use: required, api_keys: false, tokens: false, skip: [cache, reserve],
     anonymous: {tenant: acme, models: [a], scopes: [chat, other, "GET /v1/x"], routes: [main],
                 roles: [owner], expires_at: 2030-01-02, debug: true}}
  - {name: empty}
users: [{name: "Ada L.", tenant: acme, roles: [writer], suspended: true}, {name: bob}]
keys:
  - {name: "first key", key: "${HEADRACE_KEY}", prefix: sk-CAN, tenant: acme, models: [a, "b*"],
     project: search, user: "Ada L.", passthrough: true, scopes: [embeddings], routes: [main],
     roles: [reader], expires_at: "2027-01-31T12:30:05Z", suspended: true, debug: true}
  - {name: second, sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad,
     passthrough: false}
passthrough:
  - {path: /v1/audio/*, provider: four, methods: [GET, POST], request_micro_usd: 77}
  - {path: "/v1/files/**", provider: one}
)";

// Puts the secrets back where `-T` hid them, in the order of the text.
std::string with_secrets(std::string yaml, const std::vector<std::string>& secrets) {
  const std::string hidden = "\"" + std::string(kSealedText) + "\"";
  for (const std::string& secret : secrets) {
    const std::size_t at = yaml.find(hidden);
    EXPECT_NE(at, yaml.npos) << "fewer secrets than expected";
    if (at == yaml.npos) break;
    yaml.replace(at, hidden.size(), "\"" + secret + "\"");
  }
  EXPECT_EQ(yaml.find(hidden), yaml.npos) << "more secrets than expected";
  return yaml;
}

void expect_round_trip(std::string_view yaml, const std::vector<std::string>& secrets) {
  const OpenConfig config(yaml);
  ASSERT_TRUE(config.good());
  const std::string printed = effective_yaml(config.view);
  const OpenConfig again(with_secrets(printed, secrets));
  ASSERT_TRUE(again.good()) << printed;
  EXPECT_EQ(again.base, config.base) << printed;
  EXPECT_EQ(effective_yaml(again.view), printed);
}

TEST(EffectiveYaml, CompilesToTheSameBaseAgain) {
  expect_round_trip(kEverything, {"${OPENAI_API_KEY}", "${ANTHROPIC_API_KEY}", "${GEMINI_API_KEY}",
                                  "abc", "abc", "abc", "abc", "abc", "abc"});
  expect_round_trip(read_source_file("deploy/config/headrace.yaml"),
                    {"${OPENAI_API_KEY}", "${ANTHROPIC_API_KEY}", "${GEMINI_API_KEY}"});
  expect_round_trip(
      read_source_file("deploy/config/demo.yaml"),
      {"${HEADRACE_PROVIDER_KEY}", "${HEADRACE_PROVIDER_KEY}", "${HEADRACE_PROVIDER_KEY}"});
  expect_round_trip(kListeners, {});
  expect_round_trip(text_of({kListeners,
                             "defaults: {breaker: {open_ms: 4000}}\nproviders:\n  - "
                             "{name: p, dialect: openai, url: \"https://a.b\", "
                             "credential: abc, breaker: {failures: 0}}\n"}),
                    {"abc"});
}

TEST(EffectiveYaml, ShowsEveryDefault) {
  const OpenConfig config(kListeners);
  const std::string printed = effective_yaml(config.view);
  for (const char* line :
       {"  body_bytes_max: 32MiB\n", "  head_timeout_ms: 10000\n", "  output: stdout\n",
        "  address: \"127.0.0.1:9180\"\n", "  recv_multishot: true\n",
        "  - address: \"127.0.0.1:8080\"\n    tls: false\n", "    alpn: [\"http/1.1\"]\n"}) {
    EXPECT_TRUE(printed.contains(line)) << line << printed;
  }
}

TEST(EffectiveYaml, ShowsNoSecret) {
  const OpenConfig config(kEverything);
  ASSERT_TRUE(config.good());
  const std::string printed = effective_yaml(config.view);
  EXPECT_FALSE(printed.contains("CANARY"));
  EXPECT_FALSE(printed.contains("abc"));
  EXPECT_TRUE(printed.contains("credential: \"<sealed>\""));
  EXPECT_TRUE(printed.contains("\"X-Secret\": \"<sealed>\""));
  EXPECT_TRUE(printed.contains("\"token\": \"<sealed>\""));
  EXPECT_TRUE(printed.contains("\"api-version\": \"2024-06-01\""));
}

TEST(EffectiveYaml, IsRefusedUntilTheSecretsAreBack) {
  const OpenConfig config(kEverything);
  ASSERT_TRUE(config.good());
  const std::string errors = errors_of(effective_yaml(config.view));
  EXPECT_TRUE(
      errors.contains("`credential` of provider `one` was hidden when this config was "
                      "printed; put the secret back"))
      << errors;
  EXPECT_TRUE(errors.contains("`headers_add` of provider `one` was hidden")) << errors;
}

}  // namespace
}  // namespace headrace::policy::config

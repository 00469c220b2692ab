#include "tests/sim/gateway_config.h"

#include <fmt/format.h>

#include "tests/sim/gateway.h"
#include "tests/sim/ledger.h"
#include "tests/sim/tls_world.h"
#include "tests/sim/tunnel_actor.h"

namespace headrace::sim {

namespace {

constexpr std::uint16_t kProviderPort = 8000;
constexpr int kConnectMillis = 500;
constexpr int kTlsConnectMillis = 1'500;  // with its handshake
constexpr std::string_view kNames[] = {"openai", "anthropic", "gemini", "spare"};
constexpr std::string_view kDialects[] = {"openai", "anthropic", "gemini", "openai"};

constexpr std::string_view kRetry =
    "retry: {tries: 4, base_ms: 20, max_ms: 100, hint_max_ms: 2000, budget_percent: 100, "
    "budget_burst: 1000}";

constexpr std::string_view kOneTry = "retry: {tries: 1}";
constexpr std::string_view kOneMoreTry = "retry: {tries: 2, budget_burst: 1000}";

constexpr std::string_view kBehindProxy =
    "    proxy_protocol: optional\n"
    "    trusted_proxies: [192.0.2.0/24]\n"
    "    x_forwarded: true\n";

std::string egress_text() {
  return fmt::format("    egress_proxy: http://{}\n    egress_proxy_credential: {}\n",
                     Gateway::tunnel_address().text(), kTunnelCredential);
}

// A handshake may wait for its signature.
constexpr std::string_view kTlsTimes = "  tls_handshake_timeout_ms: 6000\n";

std::string listener_tls_text(const TlsWorld& tls) {
  const TlsFiles& files = tls.files();
  std::string yaml = fmt::format(
      "    tls: true\n"
      "    certificates:\n"
      "      - {{certificate_file: {}, key_file: {}}}\n"
      "      - {{certificate_file: {}, key_file: {}}}\n",
      files.quick_certificate, files.quick_key, files.slow_certificate, files.slow_key);
  if (!files.ticket_keys.empty())
    yaml += fmt::format("    ticket_key_file: {}\n", files.ticket_keys);
  if (tls.of_clients() != Certificates::off) {
    yaml += fmt::format("    client_certificates: {}\n    client_ca_file: {}\n",
                        tls.of_clients() == Certificates::required ? "required" : "optional",
                        files.clients_authority);
  }
  return yaml;
}

std::string provider_tls_text(const TlsWorld& tls) {
  const TlsFiles& files = tls.files();
  std::string yaml = fmt::format("    ca_file: {}\n", files.authority);
  if (tls.of_clients() != Certificates::off) {
    yaml += fmt::format("    client_certificate_file: {}\n    client_key_file: {}\n",
                        files.outside_certificate, files.outside_key);
  }
  return yaml;
}

constexpr std::string_view kHedge = "hedge: {after_ms: 40}\n    lost_attempts: charged";
constexpr std::string_view kHedgeAbsorbed = "hedge: {after_ms: 40}\n    lost_attempts: absorbed";

std::string keys_text(const GatewayOptions& options, std::size_t provider) {
  if (!options.resilience || kNames[provider] != "anthropic") {
    return fmt::format("credential: {}", kProviderKey);
  }
  return fmt::format(
      "keys: [{{name: one, credential: {0}}}, {{name: two, credential: {0}-two, weight: 2}}]",
      kProviderKey);
}

std::string_view hedge_text(const GatewayOptions& options) {
  // The limits of a provider hold what its own answers cost, and no lost ones.
  return options.provider_limits.empty() ? kHedge : kHedgeAbsorbed;
}

std::string config_text(const GatewayOptions& options) {
  const bool tiny = options.tiny;
  const bool tls = options.tls != nullptr;
  std::string yaml = fmt::format(
      R"(
listeners:
  - address: {}
    connections_max: {}
{}{}http:
{}  body_bytes_max: {}
  bodies_memory_bytes_max: {}
  head_timeout_ms: 3000
  keep_alive_timeout_ms: 5000
  rate_grace_ms: 3000
access_log:
  output: "off"
journal:
  directory: /simulated
billing:
  strict: {}
  on_disconnect: {}
providers:
)",
      Gateway::address().text(), tiny ? 6 : 1000, options.proxied ? kBehindProxy : "",
      tls ? listener_tls_text(*options.tls) : "", tls ? kTlsTimes : "", kBodyBytesMax,
      tiny ? 1536 * 1024 : 64 * 1024 * 1024, options.strict, options.drain ? "drain" : "cancel");
  for (std::size_t i = 0; i < Gateway::kProviders; ++i) {
    yaml += fmt::format(
        R"(
  - name: {0}
    dialect: {7}
    url: {10}://{1}:{6}{2}
    {3}
    {8}
{9}{11}{13}    private_network: true
    pool_idle_max: {4}
    pool_total_max: {5}
    pool_idle_timeout_ms: 2000
    pool_lifetime_ms: 20000
    connect_timeout_ms: {12}
    first_byte_timeout_ms: 3000
    gap_timeout_ms: 2000
    total_timeout_ms: 8000
)",
        kNames[i], options.names ? Gateway::provider_name(i) : fmt::format("10.0.0.{}", i + 1),
        kDialects[i] == "openai" ? "/v1" : "", keys_text(options, i), tiny ? 1 : 8, tiny ? 2 : 64,
        kProviderPort, kDialects[i],
        options.resilience ? "breaker: {failures: 4, window_ms: 2000, open_ms: 300, successes: 1}"
                           : "breaker: {failures: 0}",
        options.egress ? egress_text() : "", tls ? "https" : "http",
        tls ? provider_tls_text(*options.tls) : "", tls ? kTlsConnectMillis : kConnectMillis,
        options.provider_limits.empty() ? std::string()
                                        : fmt::format("    limits: {}\n", options.provider_limits));
  }
  yaml += fmt::format(R"(
routes:
  - models: [gpt-sim]
    targets: [{{provider: openai}}{1}]
    {6}
    balance: least_outstanding
    {0}
    {4}
    {5}
  - models: [alias-sim]
    targets: [{{provider: openai, model: gpt-real}}{2}]
    {0}
    {5}
  - models: [claude-sim]
    targets: [{{provider: anthropic}}]
    {6}
    {0}
  - models: [gemini-sim]
    targets: [{{provider: gemini}}]
    {0}
tenants:
  - name: tenant
    limits:
      - {{measure: concurrent, value: 1000000}}
      - {{measure: requests, per: total, value: 1000000}}
      - {{measure: requests, per: minute, value: 1000000}}
      - {{measure: requests, per: day, value: 1000000}}
      - {{measure: tokens, per: total, value: 1000000000000, action: soft}}
      - {{measure: micro_usd, per: total, value: 1000000000000, action: soft}}
keys:
  - name: client
    key: {3}
    tenant: tenant
    passthrough: true
prices:
  - {{provider: openai, models: ["*"], input_micro_usd: 3000000, output_micro_usd: 7000000}}
  - {{provider: spare, models: ["*"], input_micro_usd: 4000000, output_micro_usd: 6000000}}
  - {{provider: anthropic, models: ["*"], input_micro_usd: 5000000, output_micro_usd: 11000000}}
  - {{provider: gemini, models: ["*"], input_micro_usd: 2000000, output_micro_usd: 1000000}}
passthrough:
  - path: /v1/audio/speech
    provider: openai
    request_micro_usd: 1000
  - path: /v1/audio/samples
    provider: openai
    methods: [GET, HEAD, DELETE]
)",
                      options.resilience ? kRetry : kOneTry,
                      options.resilience ? ", {provider: spare}" : "",
                      options.resilience ? ", {provider: spare, model: gpt-real, priority: 1}" : "",
                      kClientKey, options.resilience ? "comment_interval_ms: 150" : "",
                      options.resilience && options.hedges ? hedge_text(options) : "",
                      options.audited ? "audit: true" : "");
  if (tls && options.tls->of_clients() != Certificates::off) {
    yaml +=
        fmt::format("certificate_names:\n  - {{name: \"dns:{}\", key: client}}\n", kCustomerHost);
  }
  if (options.audited) yaml += "audit: {output: file, path: /simulated/audit.log}\n";
  return yaml;
}

// One more route, whose answers are kept, and one more tenant that asks there.
std::string with_cache(std::string yaml, const GatewayOptions& options) {
  const auto insert = [&yaml](std::string_view section, std::string_view more) {
    yaml.insert(yaml.find(section) + section.size(), more);
  };
  const std::string room =
      options.queue_limits.empty()
          ? std::string()
          : fmt::format(
                "name: kept\n    limits: {}\n    queue: {{waiting_max: 64, wait_max_ms: 60000}}",
                options.queue_limits);
  insert("\nroutes:", fmt::format(R"(
  - models: [kept-sim]
    targets: [{{provider: openai}}{}]
    cache: {{mode: always, deterministic_only: false, ttl_ms: 4000, entry_bytes_max: 24KiB,
            wait_ms: 1500, waiters_max: 4}}
    {}
    {}
    {})",
                                  options.hedges ? ", {provider: spare}" : "",
                                  options.resilience ? kRetry
                                  : options.hedges   ? kOneMoreTry
                                                     : kOneTry,
                                  room, options.hedges ? kHedge : ""));
  insert("\ntenants:", "\n  - name: other");
  insert("\nkeys:", fmt::format("\n  - {{name: other, key: {}, tenant: other}}", kOtherClientKey));
  return yaml + "cache: {memory_bytes_max: 1MiB}\n";
}

// Nobody waits in vain on it, unless somebody is forgotten.
std::string with_queue(std::string yaml, std::string_view limits) {
  const auto insert = [&yaml](std::string_view section, std::string_view more) {
    yaml.insert(yaml.find(section) + section.size(), more);
  };
  insert("\nroutes:", fmt::format(R"(
  - name: queued
    models: [queued-sim]
    targets: [{{provider: openai}}]
    limits: {}
    queue: {{waiting_max: 64, wait_max_ms: 60000}}
    retry: {{tries: 1}})",
                                  limits));
  insert("\ntenants:", "\n  - {name: heavy, weight: 3}\n  - {name: light, weight: 1}");
  insert("\nkeys:", fmt::format("\n  - {{name: heavy, key: {}, tenant: heavy}}"
                                "\n  - {{name: light, key: {}, tenant: light}}",
                                kHeavyKey, kLightKey));
  return yaml;
}

}  // namespace

std::string config_of(const GatewayOptions& options) {
  if (!options.more_tenants.empty()) {
    std::string yaml = config_text(options);
    yaml.insert(yaml.find("\nkeys:"), options.more_tenants);
    yaml.insert(yaml.find("\nprices:"), options.more_keys);
    return yaml;
  }
  if (options.cache) return with_cache(config_text(options), options);
  if (!options.queue_limits.empty()) return with_queue(config_text(options), options.queue_limits);
  return config_text(options);
}

// --- where everybody is ---

core::SocketAddress Gateway::address() {
  return core::SocketAddress::parse("127.0.0.1:8080").value();
}

core::SocketAddress Gateway::provider_address(std::size_t index) {
  return core::SocketAddress::from_ip(fmt::format("10.0.0.{}", index + 1), kProviderPort).value();
}

core::SocketAddress Gateway::tunnel_address() {
  return core::SocketAddress::from_ip("10.0.0.9", 3128).value();
}

std::vector<std::string> Gateway::tunnel_targets() {
  std::vector<std::string> targets;
  for (std::size_t i = 0; i < kProviders; ++i) {
    targets.push_back(provider_address(i).text());
    targets.push_back(fmt::format("{}:{}", provider_name(i), kProviderPort));
  }
  return targets;
}

std::string Gateway::provider_name(std::size_t index) {
  return fmt::format("provider{}", index);
}

}  // namespace headrace::sim

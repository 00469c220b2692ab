#include "net/config_snapshot.h"

#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <openssl/mem.h>

#include "net/config_files.h"
#include "net/provider_secrets.h"
#include "net/tls_contexts.h"
#include "policy/config/provider_url.h"

namespace headrace::net {

namespace config = policy::config;

class SnapshotBuilder {
 public:
  SnapshotBuilder(ConfigSnapshot& snapshot, const config::MasterKey& master_key)
      : snapshot_(snapshot),
        view_(snapshot.view_),
        master_key_fingerprint_(master_key.fingerprint()),
        secrets_(view_, master_key, errors_),
        tls_(view_, errors_) {}

  std::vector<std::string> build() {
    if (!opens_secrets()) {
      return {
          "its secrets are sealed with another master key; set HEADRACE_MASTER_KEY or "
          "HEADRACE_MASTER_KEY_FILE to the one that it was compiled with"};
    }
    for (const config::Provider& row : view_.providers())
      build_provider(row);
    snapshot_.secrets_ = secrets_.place(snapshot_.providers_);
    for (const config::TokenIssuer& row : view_.tokens().issuers())
      read_token_keys(row);
    for (const config::Listener& row : view_.listeners())
      build_listener(row);
    snapshot_.admin_.role = ListenerRole::admin;
    snapshot_.admin_.connections_max = kAdminConnectionsMax;
    return std::move(errors_);
  }

 private:
  static constexpr std::uint32_t kAdminConnectionsMax = 64;

  void fail(std::string text) { errors_.push_back(std::move(text)); }

  // Asked once, so that it is said once, and not of each secret.
  [[nodiscard]] bool opens_secrets() const {
    const std::uint64_t sealed_with = view_.settings().master_key_fingerprint;
    return sealed_with == 0 || sealed_with == master_key_fingerprint_;
  }

  void find_egress(const config::Provider& row, ProviderLink& link) {
    if (row.egress_proxy.empty()) return;
    const auto parts = config::parse_provider_url(
        fmt::format("http://{}", view_.text(row.egress_proxy)), true, false);
    if (!parts) return fail(fmt::format("provider {}: its egress proxy is no address", link.name));
    link.egress_host = parts->host;
    link.egress_port = parts->port;
  }

  void read_token_keys(const config::TokenIssuer& row) {
    const std::string name(view_.text(row.name));
    std::vector<policy::TokenKey>& keys = snapshot_.token_keys_.emplace_back();
    if (!row.secret.empty()) {
      std::string secret = secrets_.unsealed(row.secret, config::issuer_context(name));
      auto key = policy::TokenKey::from_secret(
          {}, {reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()});
      OPENSSL_cleanse(secret.data(), secret.size());
      if (!key) return fail(fmt::format("token issuer {}: {}", name, key.error()));
      keys.push_back(std::move(*key));
      return;
    }
    const std::string_view path = view_.text(row.keys_file);
    auto text = read_config_file(path);
    if (!text) return fail(text.error());
    auto read = policy::read_token_keys(text->text(), row.algorithm);
    if (!read) return fail(fmt::format("{}: {}", path, read.error()));
    keys = std::move(*read);
  }

  void build_provider(const config::Provider& row) {
    ProviderLink link;
    link.row = &row;
    link.index = view_.index_of(row);
    link.name = view_.text(row.name);
    link.host_field = view_.text(row.host_field);
    link.path_prefix = view_.text(row.path_prefix);
    link.auth_name = view_.text(row.auth_name);
    find_egress(row, link);
    for (const config::TextRef name : view_.headers_remove(row)) {
      link.headers_remove.push_back(view_.text(name));
    }
    // What the config adds stands in the place of what the client sent.
    for (const config::FieldEdit& edit : view_.edits(row)) {
      (edit.kind == config::EditKind::header_add ? link.headers_remove : link.query_remove)
          .push_back(view_.text(edit.name));
    }
    for (const config::TextRef name : view_.query_remove(row)) {
      link.query_remove.push_back(view_.text(name));
    }
    if (row.auth == config::AuthStyle::query)
      link.query_remove.push_back(view_.text(row.auth_name));
    if (row.auth == config::AuthStyle::header) {
      link.headers_remove.push_back(view_.text(row.auth_name));
    }
    if (row.scheme == config::Scheme::https) link.tls = tls_.client_context(row);
    secrets_.add(link);
    snapshot_.providers_.push_back(std::move(link));
  }

  void build_listener(const config::Listener& row) {
    ListenerLink link;
    link.index = static_cast<std::uint32_t>(snapshot_.listeners_.size());
    link.connections_max = static_cast<std::uint32_t>(row.connections_max);
    link.requests_per_connection_max = static_cast<std::uint32_t>(row.requests_per_connection_max);
    link.x_forwarded = row.x_forwarded == config::Switch::on;
    link.policy_set = row.policy_set;
    link.ip_set = row.ip_set;
    if (const auto* set = view_.access().policy_set(row.policy_set)) {
      link.policy_set_name = view_.text(set->name);
    }
    link.forwarded = row.forwarded == config::Switch::on;
    link.proxy_protocol = row.proxy_protocol;
    link.answers_over_limit = row.over_address_limit == config::OverLimit::answer;
    link.address_limits = {.connections_max = row.address_connections_max,
                           .opened_max = row.address_handshakes_per_minute_max};
    if (row.tls == config::Switch::on) link.hsts_max_age_s = row.hsts_max_age_s;
    for (const config::TextRef origin : view_.cors_origins(row))
      link.cors.origins.push_back(view_.text(origin));
    for (const config::TextRef field : view_.cors_headers(row))
      link.cors.fields.push_back(view_.text(field));
    link.cors.max_age_s = row.cors_max_age_s;
    for (const config::TextRef network : view_.trusted_proxies(row)) {
      auto parsed = core::Cidr::parse(view_.text(network));
      if (parsed) {
        link.trusted_proxies.add(*parsed);
      } else {
        fail(fmt::format("trusted proxy {}: {}", view_.text(network), parsed.error()));
      }
    }
    if (row.tls == config::Switch::on) link.tls = tls_.server_context(row);
    snapshot_.listeners_.push_back(std::move(link));
  }

  ConfigSnapshot& snapshot_;
  const config::ConfigView& view_;
  std::uint64_t master_key_fingerprint_;
  std::vector<std::string> errors_;
  ProviderSecrets secrets_;
  TlsContexts tls_;
};

std::expected<std::shared_ptr<const ConfigSnapshot>, std::vector<std::string>>
ConfigSnapshot::build(std::vector<std::byte> base, const config::MasterKey& master_key) {
  std::shared_ptr<ConfigSnapshot> snapshot(new ConfigSnapshot());
  snapshot->base_ = std::move(base);
  auto view = config::ConfigView::open(snapshot->base_);
  if (!view) return std::unexpected(std::vector{std::move(view.error())});
  snapshot->view_ = *view;
  auto errors = SnapshotBuilder(*snapshot, master_key).build();
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return snapshot;
}

}  // namespace headrace::net

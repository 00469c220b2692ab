#include "net/config_snapshot.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <openssl/base64.h>
#include <openssl/mem.h>

#include "core/event_log.h"
#include "net/tls/certificate_store.h"
#include "policy/config/key_digest.h"
#include "policy/config/provider_url.h"

namespace headrace::net {

namespace config = policy::config;

namespace {

constexpr std::size_t kFileBytesMax = 4 * 1024 * 1024;

std::expected<std::vector<std::byte>, std::string> read_file(std::string_view path) {
  std::ifstream file{std::string(path), std::ios::binary};
  if (!file) return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  std::vector<char> text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.size() > kFileBytesMax) {
    return std::unexpected(fmt::format("{} is larger than {} bytes", path, kFileBytesMax));
  }
  const auto bytes = std::as_bytes(std::span(text));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

class SnapshotBuilder {
 public:
  SnapshotBuilder(ConfigSnapshot& snapshot, const config::MasterKey& master_key)
      : snapshot_(snapshot), view_(snapshot.view_), master_key_(master_key) {}

  std::vector<std::string> build() {
    for (const config::Provider& row : view_.providers())
      build_provider(row);
    place_secrets();
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

  // Texts of one provider that hold secrets, until they have their place in locked memory.
  struct Secrets {
    std::string lines;
    std::string query;
    std::string egress;
    std::string context;
  };

  void fail(std::string text) { errors_.push_back(std::move(text)); }

  std::string unsealed(config::TextRef sealed, const std::string& context) {
    const auto bytes = view_.sealed(sealed);
    if (bytes.size() < config::kSealOverheadBytes) return {};
    std::string plain(bytes.size() - config::kSealOverheadBytes, '\0');
    const auto size = config::unseal(master_key_, context, bytes, std::span(plain));
    if (!size) {
      fail(fmt::format("a secret cannot be unsealed: {}", size.error()));
      return {};
    }
    plain.resize(*size);
    return plain;
  }

  void add_query(std::string& query, std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query += percent_encode(name);
    query += '=';
    query += percent_encode(value);
  }

  // How one credential is shown.
  Secrets credential_secrets(const config::Provider& row, std::string_view credential) {
    Secrets secrets;
    const std::string_view field = view_.text(row.auth_name);
    switch (row.auth) {
      case config::AuthStyle::bearer:
        secrets.lines = fmt::format("{}: Bearer {}\r\n", field, credential);
        break;
      case config::AuthStyle::header:
        secrets.lines = fmt::format("{}: {}\r\n", field, credential);
        break;
      case config::AuthStyle::query:
        add_query(secrets.query, field, credential);
        break;
      case config::AuthStyle::none:
        break;
    }
    return secrets;
  }

  void add_key(ProviderLink& link, std::string_view name, std::string credential) {
    KeyLink& key = link.keys.emplace_back();
    key.name = name;
    std::string owner = fmt::format("provider key\n{}\n{}\n{}", link.name, name, credential);
    const config::Sha256 digest = config::key_digest(owner);
    std::memcpy(&key.identity, digest.bytes.data(), sizeof key.identity);
    key_secrets_.push_back(credential_secrets(*link.row, credential));
    OPENSSL_cleanse(owner.data(), owner.size());
    OPENSSL_cleanse(credential.data(), credential.size());
  }

  void add_keys(ProviderLink& link) {
    const config::Provider& row = *link.row;
    const std::string name(link.name);
    for (const config::ProviderKey& key : view_.keys(row)) {
      const std::string_view key_name = view_.text(key.name);
      add_key(link, key_name,
              unsealed(key.credential, config::provider_key_context(name, key_name)));
      link.keys.back().weight = key.weight;
      link.keys.back().drain = key.drain == config::Switch::on;
    }
    if (!link.keys.empty()) return;
    const bool shown = row.auth != config::AuthStyle::none;
    add_key(link, {},
            shown ? unsealed(row.credential, config::credential_context(name)) : std::string());
  }

  Secrets secrets_of(const config::Provider& row) {
    Secrets secrets;
    const std::string name(view_.text(row.name));
    for (const config::FieldEdit& edit : view_.edits(row)) {
      const std::string_view field = view_.text(edit.name);
      std::string value = edit.sealed == config::Switch::on
                              ? unsealed(edit.value, config::edit_context(name, edit.kind, field))
                              : std::string(view_.text(edit.value));
      if (edit.kind == config::EditKind::header_add) {
        secrets.lines += fmt::format("{}: {}\r\n", field, value);
      } else {
        add_query(secrets.query, field, value);
      }
      OPENSSL_cleanse(value.data(), value.size());
    }
    if (!row.egress_proxy.empty()) secrets.egress = egress_request(row);
    if (!row.context_secret.empty()) {
      secrets.context = unsealed(row.context_secret, config::context_secret_context(name));
    }
    return secrets;
  }

  // RFC 9110 section 9.3.6: the target is host and port, always both.
  std::string egress_request(const config::Provider& row) {
    const std::string_view host = view_.text(row.host);
    const bool v6 = host.contains(':');
    const std::string target =
        v6 ? fmt::format("[{}]:{}", host, row.port) : fmt::format("{}:{}", host, row.port);
    std::string text = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", target);
    if (!row.egress_proxy_credential.empty()) {
      std::string plain =
          unsealed(row.egress_proxy_credential, config::egress_context(view_.text(row.name)));
      std::string encoded(4 * (plain.size() / 3 + 1) + 1, '\0');
      const std::size_t bytes =
          EVP_EncodeBlock(reinterpret_cast<std::uint8_t*>(encoded.data()),
                          reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size());
      encoded.resize(bytes);
      text += fmt::format("Proxy-Authorization: Basic {}\r\n", encoded);
      OPENSSL_cleanse(plain.data(), plain.size());
      OPENSSL_cleanse(encoded.data(), encoded.size());
    }
    return text + "\r\n";
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
      std::string secret = unsealed(row.secret, config::issuer_context(name));
      auto key = policy::TokenKey::from_secret(
          {}, {reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()});
      OPENSSL_cleanse(secret.data(), secret.size());
      if (!key) return fail(fmt::format("token issuer {}: {}", name, key.error()));
      keys.push_back(std::move(*key));
      return;
    }
    const std::string_view path = view_.text(row.keys_file);
    auto text = read_file(path);
    if (!text) return fail(text.error());
    auto read = policy::read_token_keys({reinterpret_cast<const char*>(text->data()), text->size()},
                                        row.algorithm);
    OPENSSL_cleanse(text->data(), text->size());
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
    if (row.scheme == config::Scheme::https) link.tls = client_context(row);
    secrets_.push_back(secrets_of(row));
    add_keys(link);
    snapshot_.providers_.push_back(std::move(link));
  }

  std::shared_ptr<const tls::TrustAnchors> anchors(std::string_view path) {
    const std::string_view file = path.empty() ? std::string_view(tls::kSystemAnchorsPath) : path;
    if (path.empty() && system_anchors_ != nullptr) return system_anchors_;
    auto pem = read_file(file);
    if (!pem) {
      fail(pem.error());
      return nullptr;
    }
    auto parsed = tls::TrustAnchors::parse(*pem);
    if (!parsed) {
      fail(fmt::format("{}: {}", file, parsed.error()));
      return nullptr;
    }
    if (path.empty()) system_anchors_ = *parsed;
    return *parsed;
  }

  std::shared_ptr<const tls::ClientContext> client_context(const config::Provider& row) {
    tls::ClientOptions options;
    const std::string_view server_name = view_.text(row.server_name);
    options.host = std::string(server_name.empty() ? view_.text(row.host) : server_name);
    options.verify = row.verify == config::Switch::on;
    if (options.verify) {
      options.anchors = anchors(view_.text(row.ca_file));
      if (options.anchors == nullptr) return nullptr;
    }
    if (const auto path = view_.text(row.client_certificate_file); !path.empty()) {
      auto chain = read_file(path);
      auto key = read_file(view_.text(row.client_key_file));
      if (!chain || !key) {
        fail(!chain ? chain.error() : key.error());
        return nullptr;
      }
      auto credential = tls::Credential::parse(*chain, *key, std::time(nullptr));
      OPENSSL_cleanse(key->data(), key->size());
      if (!credential) {
        for (const std::string& error : credential.error())
          fail(fmt::format("{}: {}", path, error));
        return nullptr;
      }
      options.credential = *credential;
    }
    auto context = tls::ClientContext::build(std::move(options));
    if (!context) {
      for (const std::string& error : context.error()) {
        fail(fmt::format("provider {}: {}", view_.text(row.name), error));
      }
      return nullptr;
    }
    return *context;
  }

  void place_secrets() {
    std::size_t bytes = 0;
    for (const auto* list : {&secrets_, &key_secrets_}) {
      for (const Secrets& each : *list)
        bytes += each.lines.size() + each.query.size() + each.egress.size() + each.context.size();
    }
    snapshot_.secrets_ = LockedMemory(bytes);
    char* at = snapshot_.secrets_.bytes().data();
    const auto place = [&at](std::string& text) {
      if (text.empty()) return std::string_view();
      std::memcpy(at, text.data(), text.size());
      const std::string_view placed(at, text.size());
      at += text.size();
      OPENSSL_cleanse(text.data(), text.size());
      return placed;
    };
    for (std::size_t i = 0; i < secrets_.size(); ++i) {
      snapshot_.providers_[i].private_lines = place(secrets_[i].lines);
      snapshot_.providers_[i].private_query = place(secrets_[i].query);
      snapshot_.providers_[i].egress_request = place(secrets_[i].egress);
      snapshot_.providers_[i].context_secret = place(secrets_[i].context);
    }
    auto secrets = key_secrets_.begin();
    for (ProviderLink& provider : snapshot_.providers_) {
      for (KeyLink& key : provider.keys) {
        key.private_line = place(secrets->lines);
        key.private_query = place(secrets->query);
        ++secrets;
      }
    }
  }

  // One secret a line, the current one first.
  std::optional<tls::TicketKeys> ticket_keys(std::string_view path) {
    if (path.empty()) return tls::TicketKeys::random();
    auto text = read_file(path);
    if (!text) {
      fail(text.error());
      return std::nullopt;
    }
    std::vector<std::vector<std::byte>> secrets(1);
    for (const std::byte byte : *text) {
      if (byte == std::byte{'\n'}) {
        secrets.emplace_back();
      } else {
        secrets.back().push_back(byte);
      }
    }
    std::erase_if(secrets, [](const auto& secret) { return secret.empty(); });
    auto keys = tls::TicketKeys::from_secrets(secrets);
    if (!keys) {
      fail(fmt::format("{}: {}", path, keys.error()));
      return std::nullopt;
    }
    return *keys;
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
    if (row.tls == config::Switch::on) link.tls = server_context(row);
    snapshot_.listeners_.push_back(std::move(link));
  }

  std::shared_ptr<const tls::ServerContext> server_context(const config::Listener& row) {
    std::vector<tls::CertificateFiles> files;
    for (const config::Certificate& each : view_.certificates(row)) {
      files.push_back(
          {std::string(view_.text(each.certificate_file)), std::string(view_.text(each.key_file))});
    }
    tls::ServerOptions options;
    auto keys = ticket_keys(view_.text(row.ticket_key_file));
    if (!keys) return nullptr;
    options.ticket_keys = *keys;
    options.version_min = row.tls_version_min == config::TlsVersion::tls_1_3
                              ? tls::ProtocolVersion::tls_1_3
                              : tls::ProtocolVersion::tls_1_2;
    if (row.client_certificates != config::ClientCertificates::off) {
      options.client_anchors = anchors(view_.text(row.client_ca_file));
      if (options.client_anchors == nullptr) return nullptr;
      options.client_certificate_required =
          row.client_certificates == config::ClientCertificates::required;
    }
    options.protocols.clear();
    for (const config::TextRef name : view_.alpn(row)) {
      if (view_.text(name) == tls::alpn_name(tls::ApplicationProtocol::http_1_1)) {
        options.protocols.push_back(tls::ApplicationProtocol::http_1_1);
      } else {
        fail(fmt::format("listener {}: {} is no protocol that this version speaks",
                         view_.text(row.address), view_.text(name)));
      }
    }
    auto context = tls::CertificateStore(std::move(files), std::move(options)).load();
    if (!context) {
      for (const std::string& error : context.error())
        fail(error);
      return nullptr;
    }
    return *context;
  }

  ConfigSnapshot& snapshot_;
  const config::ConfigView& view_;
  const config::MasterKey& master_key_;
  std::vector<Secrets> secrets_;      // of each provider
  std::vector<Secrets> key_secrets_;  // of each key, in the order of the providers
  std::vector<std::string> errors_;
  std::shared_ptr<const tls::TrustAnchors> system_anchors_;
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
  if (snapshot->view_.settings().development.ignore_ip_lists == config::Switch::on) {
    HEADRACE_EVENT(warning,
                   "development.ignore_ip_lists is on: NO list of addresses keeps anybody out");
  }
  return snapshot;
}

}  // namespace headrace::net

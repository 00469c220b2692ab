#include "net/tls_contexts.h"

#include <algorithm>
#include <ctime>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "net/config_files.h"

namespace headrace::net {

namespace config = policy::config;

std::shared_ptr<const tls::ClientContext> TlsContexts::client_context(const config::Provider& row) {
  tls::ClientOptions options;
  const std::string_view server_name = view_->text(row.server_name);
  options.host = std::string(server_name.empty() ? view_->text(row.host) : server_name);
  options.verify = row.verify == config::Switch::on;
  if (options.verify) {
    options.anchors = anchors(view_->text(row.ca_file));
    if (options.anchors == nullptr) return nullptr;
  }
  if (const auto path = view_->text(row.client_certificate_file); !path.empty()) {
    auto chain = read_config_file(path);
    auto key = read_config_file(view_->text(row.client_key_file));
    if (!chain || !key) {
      errors_->push_back(!chain ? chain.error() : key.error());
      return nullptr;
    }
    auto credential = tls::Credential::parse(chain->bytes(), key->bytes(), std::time(nullptr));
    if (!credential) {
      for (const std::string& error : credential.error())
        errors_->push_back(fmt::format("{}: {}", path, error));
      return nullptr;
    }
    options.credential = *credential;
  }
  auto context = tls::ClientContext::build(std::move(options));
  if (!context) {
    for (const std::string& error : context.error()) {
      errors_->push_back(fmt::format("provider {}: {}", view_->text(row.name), error));
    }
    return nullptr;
  }
  return *context;
}

std::shared_ptr<const tls::ServerContext> TlsContexts::server_context(const config::Listener& row) {
  std::vector<tls::CertificateFiles> files;
  for (const config::Certificate& each : view_->certificates(row)) {
    files.push_back(
        {std::string(view_->text(each.certificate_file)), std::string(view_->text(each.key_file))});
  }
  tls::ServerOptions options;
  auto keys = ticket_keys(view_->text(row.ticket_key_file));
  if (!keys) return nullptr;
  options.ticket_keys = *keys;
  options.version_min = row.tls_version_min == config::TlsVersion::tls_1_3
                            ? tls::ProtocolVersion::tls_1_3
                            : tls::ProtocolVersion::tls_1_2;
  if (row.client_certificates != config::ClientCertificates::off) {
    options.client_anchors = anchors(view_->text(row.client_ca_file));
    if (options.client_anchors == nullptr) return nullptr;
    options.client_certificate_required =
        row.client_certificates == config::ClientCertificates::required;
  }
  options.protocols.clear();
  for (const config::TextRef name : view_->alpn(row)) {
    if (view_->text(name) == tls::alpn_name(tls::ApplicationProtocol::http_1_1)) {
      options.protocols.push_back(tls::ApplicationProtocol::http_1_1);
    } else {
      errors_->push_back(fmt::format("listener {}: {} is no protocol that this version speaks",
                                     view_->text(row.address), view_->text(name)));
    }
  }
  auto context = tls::CertificateStore(std::move(files), std::move(options)).load();
  if (!context) {
    for (const std::string& error : context.error())
      errors_->push_back(error);
    return nullptr;
  }
  return *context;
}

std::shared_ptr<const tls::TrustAnchors> TlsContexts::anchors(std::string_view path) {
  const std::string_view file = path.empty() ? std::string_view(tls::kSystemAnchorsPath) : path;
  if (path.empty() && system_anchors_ != nullptr) return system_anchors_;
  auto pem = read_config_file(file);
  if (!pem) {
    errors_->push_back(pem.error());
    return nullptr;
  }
  auto parsed = tls::TrustAnchors::parse(pem->bytes());
  if (!parsed) {
    errors_->push_back(fmt::format("{}: {}", file, parsed.error()));
    return nullptr;
  }
  if (path.empty()) system_anchors_ = *parsed;
  return *parsed;
}

std::optional<tls::TicketKeys> TlsContexts::ticket_keys(std::string_view path) {
  if (path.empty()) return tls::TicketKeys::random();
  auto text = read_config_file(path);
  if (!text) {
    errors_->push_back(text.error());
    return std::nullopt;
  }
  // Lines, as they lie there: what is copied would have to be wiped as well.
  std::vector<std::span<const std::byte>> secrets;
  for (std::span<const std::byte> rest = text->bytes(); !rest.empty();) {
    const auto end = std::ranges::find(rest, std::byte{'\n'}) - rest.begin();
    const auto line = rest.first(static_cast<std::size_t>(end));
    if (!line.empty()) secrets.push_back(line);
    rest = rest.subspan(std::min(line.size() + 1, rest.size()));
  }
  auto keys = tls::TicketKeys::from_secrets(secrets);
  if (!keys) {
    errors_->push_back(fmt::format("{}: {}", path, keys.error()));
    return std::nullopt;
  }
  return *keys;
}

}  // namespace headrace::net

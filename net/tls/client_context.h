// What the TLS towards one upstream is made of: whom to trust, which name to expect, who we are.
//
// Threads:  built off the shards (parsing the system's roots takes tens of milliseconds; share one
//           TrustAnchors between all contexts), immutable afterwards, shared by all shards.
// Lifetime: as ServerContext: sessions hold the one they began with.
//
// The upstream's chain is verified against the anchors for use by a TLS server, and its name
// against the subject alternative names only (RFC 9525): DNS names with wildcards in the leftmost
// label, or IP addresses. A provider with a certificate of its own making is trusted by giving that
// certificate as anchor; `verify` off is for private networks that cannot have even that.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/tls/application_protocol.h"
#include "net/tls/credential.h"

namespace headrace::net::tls {

// Where Debian keeps the system's roots, for whoever reads files.
inline constexpr const char* kSystemAnchorsPath = "/etc/ssl/certs/ca-certificates.crt";

class TrustAnchors {
 public:
  // One or more PEM certificates.
  static std::expected<std::shared_ptr<const TrustAnchors>, std::string> parse(
      std::span<const std::byte> pem);
  ~TrustAnchors();
  TrustAnchors(const TrustAnchors&) = delete;
  TrustAnchors& operator=(const TrustAnchors&) = delete;
  [[nodiscard]] std::size_t count() const;

  struct Parts;
  [[nodiscard]] const Parts& parts() const { return *parts_; }

 private:
  explicit TrustAnchors(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

struct ClientOptions {
  std::string host;  // a DNS name (sent as SNI) or an IP address; what the certificate must name
  std::shared_ptr<const TrustAnchors> anchors;   // not needed where nothing is verified
  bool verify = true;                            // off: whoever answers is the upstream
  std::shared_ptr<const Credential> credential;  // our client certificate; none where null
  std::vector<ApplicationProtocol> protocols = {ApplicationProtocol::http_1_1};
  unsigned rsa_bits_on_shard_max = 0;  // as ServerOptions, for our client certificate
};

class ClientContext {
 public:
  static std::expected<std::shared_ptr<const ClientContext>, std::vector<std::string>> build(
      ClientOptions options);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  struct Parts;
  [[nodiscard]] const Parts& parts() const { return *parts_; }

 private:
  explicit ClientContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace headrace::net::tls

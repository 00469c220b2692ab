// What the TLS of one listener is made of: certificates chosen by SNI, protocols, ticket keys.
//
// Threads:  built on an attendant, immutable afterwards, shared read-only by all shards. There is
//           one for all shards rather than one each: handshakes touch its reference counts a few
//           times (tens of nanoseconds beside some hundred microseconds), records never.
// Lifetime: a reload builds a new one and swaps the pointer; sessions hold the one they began with.
//
// TLS 1.2 and 1.3. Of 1.2 only ECDHE with an AEAD. No renegotiation, no compression, no early data.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls/application_protocol.h"
#include "net/tls/credential.h"
#include "net/tls/protocol_version.h"
#include "net/tls/ticket_keys.h"

namespace headrace::net::tls {

class TrustAnchors;

inline constexpr std::size_t kCredentialsMax = 1024;

struct ServerOptions {
  // The first is used where SNI is missing or names none of them. Two for the same name are chosen
  // between by what the client can verify, ECDSA first.
  std::vector<std::shared_ptr<const Credential>> credentials;
  // In order of preference. A client that offers ALPN but none of these is refused (RFC 7301).
  std::vector<ApplicationProtocol> protocols = {ApplicationProtocol::http_1_1};
  ProtocolVersion version_min = ProtocolVersion::tls_1_2;
  TicketKeys ticket_keys = TicketKeys::random();
  // RSA keys above this sign on an attendant: Session reports wants_key_operation. Even one of 2048
  // bits takes ten times as long as P-256.
  unsigned rsa_bits_on_shard_max = 0;
  // Whose client certificates are taken; null: none is asked for. Sessions are not resumed then:
  // each connection shows its certificate anew.
  std::shared_ptr<const TrustAnchors> client_anchors;
  bool client_certificate_required = false;
};

class ServerContext {
 public:
  static std::expected<std::shared_ptr<const ServerContext>, std::vector<std::string>> build(
      ServerOptions options);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // Which of the credentials serves `server_name` for a client that can verify ECDSA or cannot.
  [[nodiscard]] std::size_t select(std::string_view server_name, bool ecdsa_possible) const;

  struct Parts;  // for this folder only
  [[nodiscard]] const Parts& parts() const { return *parts_; }

 private:
  explicit ServerContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace headrace::net::tls

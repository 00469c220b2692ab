#include "net/tls/protocol_policy.h"

#include <cstring>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/tls/credential_parts.h"
#include "net/tls/library.h"

namespace headrace::net::tls {
namespace {

// TLS 1.2: forward secrecy and authenticated encryption only. The client chooses between AES-128
// and ChaCha20 (it knows whether it has AES in hardware), AES-256 comes after. Those of 1.3 are
// fixed.
constexpr const char* kCiphers =
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305|"
    "ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

// The first that the library knows: a current one has the post-quantum hybrid.
constexpr const char* kGroups[] = {"X25519MLKEM768:X25519:P-256:P-384", "X25519:P-256:P-384"};

void on_key_log(const SSL* ssl, const char* line) {
  Library::of(ssl).keep_secret({line, std::strlen(line)});
}

}  // namespace

bool apply_protocol_policy(SSL_CTX* context, ProtocolVersion version_min) {
  bool groups_set = false;
  for (const char* groups : kGroups) {
    groups_set = groups_set || SSL_CTX_set1_curves_list(context, groups) == 1;
  }
  ERR_clear_error();
  if (!groups_set || SSL_CTX_set_min_proto_version(context, std::to_underlying(version_min)) != 1 ||
      SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_strict_cipher_list(context, kCiphers) != 1) {
    return false;
  }
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_timeout(context, kTicketLifetimeSeconds);
  SSL_CTX_set_session_psk_dhe_timeout(context, kTicketLifetimeSeconds);
  SSL_CTX_set_keylog_callback(context, on_key_log);
  return true;
}

bool use_credential(SSL_CTX* context, const Credential& credential,
                    unsigned rsa_bits_on_shard_max) {
  const Credential::Parts& parts = credential.parts();
  std::vector<CRYPTO_BUFFER*> chain;
  chain.reserve(parts.chain.size());
  for (const auto& certificate : parts.chain)
    chain.push_back(certificate.get());
  const unsigned bits_max =
      parts.key_kind == KeyKind::rsa ? rsa_bits_on_shard_max : kEllipticBitsOnShardMax;
  const bool elsewhere = parts.key_bits > bits_max;
  return SSL_CTX_set_chain_and_key(context, chain.data(), chain.size(),
                                   elsewhere ? nullptr : parts.key.get(),
                                   elsewhere ? &Library::kKeyElsewhere : nullptr) == 1;
}

std::vector<std::uint8_t> alpn_wire(const std::vector<ApplicationProtocol>& protocols) {
  std::vector<std::uint8_t> wire;
  for (const ApplicationProtocol protocol : protocols) {
    const std::string_view name = alpn_name(protocol);
    if (name.empty()) continue;
    wire.push_back(static_cast<std::uint8_t>(name.size()));
    wire.insert(wire.end(), name.begin(), name.end());
  }
  return wire;
}

}  // namespace headrace::net::tls

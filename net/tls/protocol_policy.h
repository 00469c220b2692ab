// What both sides of the proxy agree on about TLS itself: versions, cipher suites, groups.
#pragma once

#include <cstdint>
#include <vector>

#include <openssl/base.h>

#include "net/tls/application_protocol.h"
#include "net/tls/credential.h"
#include "net/tls/protocol_version.h"

namespace headrace::net::tls {

// How long a session may be resumed. A ticket key must be kept this long after its rotation.
inline constexpr std::uint32_t kTicketLifetimeSeconds = 2 * 3600;

// False when memory is out.
[[nodiscard]] bool apply_protocol_policy(SSL_CTX* context,
                                         ProtocolVersion version_min = ProtocolVersion::tls_1_2);

// P-256 and Ed25519 sign in some 60 us, P-384 in 430 us, P-521 in more than a shard's turn may
// take.
inline constexpr unsigned kEllipticBitsOnShardMax = 256;

// Shows the credential's chain, and signs with its key: here, or by a KeyOperation when that takes
// too long: RSA above `rsa_bits_on_shard_max`, elliptic curves above kEllipticBitsOnShardMax. False
// when the library does not accept it.
[[nodiscard]] bool use_credential(SSL_CTX* context, const Credential& credential,
                                  unsigned rsa_bits_on_shard_max);

// The list in ALPN's wire form: each name with its length before it.
[[nodiscard]] std::vector<std::uint8_t> alpn_wire(
    const std::vector<ApplicationProtocol>& protocols);

}  // namespace headrace::net::tls

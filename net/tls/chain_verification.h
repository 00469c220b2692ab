// Judges the certificate chain of an upstream (RFC 5280, names by RFC 9525), or of a client.
#pragma once

#include <cstdint>

#include <openssl/ssl.h>

#include "net/tls/client_context.h"
#include "net/tls/failure.h"

namespace headrace::net::tls {

inline constexpr std::size_t kPeerChainMax = 16;

// Failure::none when `chain` leads from a certificate for the context's host to one of its anchors,
// now, for use by a TLS server. `alert` is what to tell the other side otherwise.
[[nodiscard]] Failure verify_chain(const ClientContext::Parts& context,
                                   const STACK_OF(CRYPTO_BUFFER) * chain, std::uint8_t& alert);

// The same of a client's: from a certificate for use by a TLS client, whatever its names.
[[nodiscard]] Failure verify_client_chain(const TrustAnchors& anchors,
                                          const STACK_OF(CRYPTO_BUFFER) * chain,
                                          std::uint8_t& alert);

}  // namespace headrace::net::tls

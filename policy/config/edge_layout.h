// The rows of a config base that belong to the gateway's edges: what answers tell besides, which
// client certificate stands for which key, and the addresses of a provider.
//
//   keys <--- certificate_names      a name that a client certificate has
//   providers ---> provider_addresses
//
// Invariants: judged by BaseJudge; certificate names stand once, in their order.
#pragma once

#include <cstdint>

#include "policy/config/key_digest.h"
#include "policy/config/row_values.h"

namespace headrace::policy::config {

// --- listeners -----------------------------------------------------------------------------------
// Whether a connection begins with a line of the PROXY protocol, from a trusted proxy.
enum class ProxyProtocol : std::uint8_t { off, optional, required };
enum class ClientCertificates : std::uint8_t { off, optional, required };
// What becomes of a connection beyond the limits of its address.
enum class OverLimit : std::uint8_t { close, answer };

// --- what answers tell ---------------------------------------------------------------------------
struct AnswerSettings {
  Sha256 debug_token;  // of X-Headrace-Debug
  Switch debug;        // there is a token
  Switch provider;
  Switch route;
  Switch attempts;
  Switch cost;
  std::uint8_t reserved[3];
};

// --- client certificates -------------------------------------------------------------------------
struct CertificateName {
  TextRef name;       // "uri:spiffe://acme/app", "dns:app.acme.test", "email:...", "cn:..."
  std::uint32_t key;  // in keys
  std::uint8_t reserved[4];
};

// --- providers -----------------------------------------------------------------------------------
// May a client bring the provider's key along?
enum class OwnKeys : std::uint8_t { off, optional, required };

enum class AddressState : std::uint8_t {
  ready,
  drain,        // only where no ready one is left
  maintenance,  // never
};
struct ProviderAddress {
  TextRef address;  // as core::SocketAddress::parse reads it
  AddressState state;
  std::uint8_t reserved[7];
};

}  // namespace headrace::policy::config

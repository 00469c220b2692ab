// The insides of TrustAnchors and ClientContext, for the sessions of this folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <openssl/base.h>

#include "net/tls/client_context.h"

namespace headrace::net::tls {

struct TrustAnchors::Parts {
  bssl::UniquePtr<X509_STORE> store;
  std::size_t count = 0;
};

struct ClientContext::Parts {
  std::uint64_t number = 0;  // no other context of this process has it
  bssl::UniquePtr<SSL_CTX> context;
  bool verify = true;
  std::shared_ptr<const TrustAnchors> anchors;
  std::shared_ptr<const Credential> credential;
  std::string host;
  bool is_address = false;  // an IP address: no SNI, and an IP name in the certificate
  std::vector<ApplicationProtocol> protocols;
};

}  // namespace headrace::net::tls

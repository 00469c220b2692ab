// The inside of a Credential, for the contexts of this folder.
#pragma once

#include <string>
#include <vector>

#include <openssl/base.h>

#include "net/tls/credential.h"

namespace headrace::net::tls {

struct Credential::Parts {
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain;  // DER, the certificate itself first
  bssl::UniquePtr<EVP_PKEY> key;
  std::vector<std::string> names;
  std::int64_t not_after_unix_seconds = 0;
  KeyKind key_kind = KeyKind::rsa;
  unsigned key_bits = 0;
};

}  // namespace headrace::net::tls

#include <cstring>

#include <openssl/sha.h>

#include "policy/config/scope_layout.h"

namespace headrace::policy::config {

std::uint64_t scope_identity(ScopeKind kind, std::string_view name) {
  const auto first = static_cast<std::uint8_t>(kind);
  std::uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, &first, sizeof first);
  SHA256_Update(&context, name.data(), name.size());
  SHA256_Final(digest, &context);
  std::uint64_t identity = 0;
  std::memcpy(&identity, digest, sizeof identity);
  // 0 stands for nobody where identities are kept.
  return identity == 0 ? 1 : identity;
}

}  // namespace headrace::policy::config

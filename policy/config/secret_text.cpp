#include "policy/config/secret_text.h"

#include <cstddef>
#include <utility>

#include <openssl/mem.h>

namespace headrace::policy::config {

void append_secret(std::string& secret, std::initializer_list<std::string_view> pieces) {
  std::size_t bytes = secret.size();
  for (const std::string_view piece : pieces)
    bytes += piece.size();
  std::string longer;
  longer.reserve(bytes);
  longer.append(secret);
  for (const std::string_view piece : pieces)
    longer.append(piece);
  OPENSSL_cleanse(secret.data(), secret.size());
  secret = std::move(longer);
}

}  // namespace headrace::policy::config

#include "net/tls/ticket_keys.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/mem.h>
#include <openssl/rand.h>

#include "core/check.h"

namespace headrace::net::tls {
namespace {

constexpr std::string_view kSalt = "headrace session tickets 1";

TicketKeys::Key derive(std::span<const std::uint8_t> secret) {
  std::array<std::uint8_t, TicketKeys::kNameBytes + TicketKeys::kKeyBytes> material;
  const int derived =
      HKDF(material.data(), material.size(), EVP_sha256(), secret.data(), secret.size(),
           reinterpret_cast<const std::uint8_t*>(kSalt.data()), kSalt.size(), nullptr, 0);
  HEADRACE_CHECK(derived == 1);
  TicketKeys::Key key;
  std::memcpy(key.name.data(), material.data(), key.name.size());
  std::memcpy(key.key.data(), material.data() + key.name.size(), key.key.size());
  OPENSSL_cleanse(material.data(), material.size());
  return key;
}

}  // namespace

std::expected<TicketKeys, std::string> TicketKeys::from_secrets(
    std::span<const std::span<const std::byte>> secrets) {
  if (secrets.empty()) return std::unexpected("no ticket secret is given");
  if (secrets.size() > kTicketKeysMax) {
    return std::unexpected("more than " + std::to_string(kTicketKeysMax) +
                           " ticket secrets are given");
  }
  TicketKeys keys;
  for (const std::span<const std::byte> secret : secrets) {
    if (secret.size() < kTicketSecretBytesMin) {
      return std::unexpected("ticket secret " + std::to_string(keys.count_ + 1) + " has " +
                             std::to_string(secret.size()) + " bytes: at least " +
                             std::to_string(kTicketSecretBytesMin) + " random ones are needed");
    }
    keys.keys_[keys.count_++] =
        derive({reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()});
  }
  return keys;
}

TicketKeys TicketKeys::random() {
  std::array<std::uint8_t, 32> secret;
  RAND_bytes(secret.data(), secret.size());
  TicketKeys keys;
  keys.keys_[0] = derive(secret);
  keys.count_ = 1;
  OPENSSL_cleanse(secret.data(), secret.size());
  return keys;
}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(keys_.data(), sizeof keys_);
}

std::span<const TicketKeys::Key> TicketKeys::all() const {
  return {keys_.data(), count_};
}

}  // namespace headrace::net::tls

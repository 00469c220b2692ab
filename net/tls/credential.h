// A certificate chain and its private key, parsed, checked against each other and ready to be used.
//
// Threads:  built anywhere but on a shard (parsing and checking takes long); immutable afterwards
// and
//           shared by all shards.
// Errors:   every fault found, each a sentence for an operator, without paths (the caller knows
//           where the bytes came from) and without any part of the key.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace headrace::net::tls {

enum class KeyKind : std::uint8_t { rsa, ecdsa, ed25519 };

class Credential {
 public:
  // `chain_pem`: the certificate first, then its intermediates. `key_pem`: PKCS#8, PKCS#1 or SEC1,
  // not encrypted. `unix_seconds` is the time that validity is judged by.
  static std::expected<std::shared_ptr<const Credential>, std::vector<std::string>> parse(
      std::span<const std::byte> chain_pem, std::span<const std::byte> key_pem,
      std::int64_t unix_seconds);
  ~Credential();
  Credential(const Credential&) = delete;
  Credential& operator=(const Credential&) = delete;

  // DNS names of the certificate in lower case: subject alternative names, or the common name where
  // there are none. "*.example.com" stands for one more label.
  [[nodiscard]] const std::vector<std::string>& names() const;
  [[nodiscard]] std::int64_t not_after_unix_seconds() const;
  [[nodiscard]] KeyKind key_kind() const;
  [[nodiscard]] unsigned key_bits() const;

  struct Parts;  // for contexts of this folder only
  [[nodiscard]] const Parts& parts() const { return *parts_; }

 private:
  explicit Credential(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace headrace::net::tls

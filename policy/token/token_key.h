// A key that tokens are verified with, and the one algorithm that it is for: what a token's header
// says is compared with that, never obeyed.
//
// Threads:  immutable once made; many threads may verify with one key.
// Errors:   in words for an operator, without the key. Limits: see the maxima below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/evp.h>

#include "policy/token/token_algorithm.h"

namespace headrace::policy {

inline constexpr std::size_t kTokenKeysMax = 64;  // of one issuer
inline constexpr unsigned kRsaBitsMin = 2048;
inline constexpr unsigned kRsaBitsMax = 8192;
inline constexpr std::size_t kTokenSecretBytesMin = 32;  // RFC 7518 section 3.2

class TokenKey {
 public:
  // A secret is at least as long as what it signs with.
  static std::expected<TokenKey, std::string> from_secret(std::string id,
                                                          std::span<const std::uint8_t> secret);
  // Refused where the key is not of the algorithm's kind, or too weak.
  static std::expected<TokenKey, std::string> from_public_key(std::string id,
                                                              TokenAlgorithm algorithm,
                                                              bssl::UniquePtr<EVP_PKEY> key);
  TokenKey(TokenKey&&) noexcept = default;
  TokenKey& operator=(TokenKey&&) noexcept = default;
  ~TokenKey();

  [[nodiscard]] std::string_view id() const { return id_; }  // kid; may be empty
  [[nodiscard]] TokenAlgorithm algorithm() const { return algorithm_; }
  // HS256 about 1 us, RS256 and PS256 (2048 bits) 14 us, EdDSA 40 us, ES256 105 us.
  [[nodiscard]] bool verify(std::string_view signed_text,
                            std::span<const std::uint8_t> signature) const;

 private:
  TokenKey() = default;

  std::string id_;
  TokenAlgorithm algorithm_ = TokenAlgorithm::hs256;
  std::vector<std::uint8_t> secret_;
  bssl::UniquePtr<EVP_PKEY> key_;
};

// Reads the keys of one issuer: a PEM public key, or a JWKS document. `algorithm`: of a PEM key,
// and of what in a JWKS has no `alg`. Keys of other uses and kinds in a JWKS are passed over.
[[nodiscard]] std::expected<std::vector<TokenKey>, std::string> read_token_keys(
    std::string_view text, TokenAlgorithm algorithm);

}  // namespace headrace::policy

// The signatures of tokens that are understood (RFC 7518, RFC 8037). `none` is not among them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace::policy {

// In config bases: never renumbered. `by_key`: as the key itself says (JWK `alg`).
enum class TokenAlgorithm : std::uint8_t { by_key, hs256, rs256, ps256, es256, eddsa };
inline constexpr std::string_view kTokenAlgorithmNames[] = {"by_key", "HS256", "RS256",
                                                            "PS256",  "ES256", "EdDSA"};

// Exactly as the standards write them; `by_key` is no name of an algorithm.
[[nodiscard]] constexpr std::optional<TokenAlgorithm> parse_token_algorithm(std::string_view text) {
  for (std::size_t i = 1; i < std::size(kTokenAlgorithmNames); ++i) {
    if (kTokenAlgorithmNames[i] == text) return static_cast<TokenAlgorithm>(i);
  }
  return std::nullopt;
}

}  // namespace headrace::policy

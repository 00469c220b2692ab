// Is this token what it says, and whose is it?
//
//   size -> three parts -> header -> claims -> issuer -> key (kid) -> algorithm of that key ->
//   times
//        -> audience -> signature -> tenant, user, roles
//
// What costs little is judged first: a flood of tokens that nobody signed costs little. The header
// chooses among keys of its issuer and nothing else: an algorithm other than the key's is refused,
// and so is a header that brings a key along or says where to fetch one (jku, jwk, x5u, x5c) or
// that demands extensions (crit).
//
// What comes out are rows of the config and times: whether tenant and user may do anything is
// looked at on each request (guard.h), whether the token is denied as well (denied()).
//
// Threads:  one for each shard: it holds the JSON parser's memory. No allocation but that of the
//           crypto library while a signature is verified.
// Lifetime: refers to a config's rows and keys; lives no longer.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "policy/caller.h"
#include "policy/config/config_view.h"
#include "policy/token/token_fault.h"
#include "policy/token/token_key.h"

namespace headrace::policy {

inline constexpr std::size_t kTokenBytesMax = 8192;
inline constexpr std::size_t kClaimsMax = 64;
inline constexpr std::size_t kSubjectBytesMax = 256;

// Does a credential have the form of a token: three parts, the first of which begins as JSON does?
[[nodiscard]] bool looks_like_token(std::string_view credential);

// What a token proved, by rows of the config that it was verified under.
struct VerifiedToken {
  std::uint64_t expires_at_s = 0;  // with the skew that is allowed
  std::uint64_t id_hash = 0;       // of jti (denial_hash); 0: none
  std::uint64_t subject_hash = 0;  // of sub; 0: none
  std::uint64_t user_identity = 0;
  config::RoleBits roles = 0;
  std::uint32_t issuer = 0;
  std::uint32_t tenant = 0;
  config::RowRef user;
  std::uint8_t subject_bytes = 0;
  std::array<char, kSubjectShownBytes> subject{};  // the beginning of the user's name, to show

  [[nodiscard]] std::string_view shown_subject() const { return {subject.data(), subject_bytes}; }
};

class TokenVerifier {
 public:
  // The keys of each issuer, in the order of the config.
  TokenVerifier(const config::ConfigView& config, std::span<const std::vector<TokenKey>> keys);
  ~TokenVerifier();

  [[nodiscard]] std::expected<VerifiedToken, TokenFault> verify(std::string_view token,
                                                                std::uint64_t now_s);

 private:
  struct Memory;

  const config::ConfigView* config_;
  std::span<const std::vector<TokenKey>> keys_;
  std::unique_ptr<Memory> memory_;
};

// As the deny lists of a config hold ids and subjects.
[[nodiscard]] std::uint64_t denial_hash(std::string_view text);
// For every request, also of a token that is remembered.
[[nodiscard]] bool denied(const config::ConfigView& config, const VerifiedToken& token);
[[nodiscard]] Caller caller_of(const config::ConfigView& config, const VerifiedToken& token);

}  // namespace headrace::policy

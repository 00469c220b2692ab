#include "policy/identify.h"

#include <algorithm>
#include <array>

#include <openssl/mem.h>

#include "core/ascii.h"
#include "policy/token/token_verifier.h"

namespace headrace::policy {
namespace {

// "Bearer" without regard to case, one or more spaces, then the token (RFC 9110, 11.4).
std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  if (authorization.size() <= kScheme.size() || authorization[kScheme.size()] != ' ') {
    return std::nullopt;
  }
  if (!core::equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  std::string_view token = authorization.substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

bool is_plausible(std::string_view key) {
  const std::size_t bytes_max = looks_like_token(key) ? kTokenBytesMax : kCredentialBytesMax;
  if (key.empty() || key.size() > bytes_max) return false;
  // All are looked at, many at a time: a byte for each.
  std::uint8_t implausible = 0;
  for (const char c : key)
    implausible |= static_cast<std::uint8_t>(static_cast<std::uint8_t>(c - '!') > '~' - '!');
  return implausible == 0;
}

bool same(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace

namespace {

// Where SDKs put a key.
ChosenCredential choose_usual(const PresentedCredentials& presented) {
  if (presented.repeated) return {.status = IdentifyStatus::conflicting, .key = {}};
  std::optional<std::string_view> token;
  if (presented.authorization) {
    token = bearer_token(*presented.authorization);
    if (!token) return {.status = IdentifyStatus::malformed, .key = {}};
  }
  ChosenCredential chosen;
  for (const auto& candidate : {token, presented.x_api_key, presented.x_goog_api_key,
                                presented.api_key, presented.query_key}) {
    if (!candidate) continue;
    if (!is_plausible(*candidate)) return {.status = IdentifyStatus::malformed, .key = {}};
    if (chosen.status == IdentifyStatus::known && !same(chosen.key, *candidate)) {
      return {.status = IdentifyStatus::conflicting, .key = {}};
    }
    chosen = {.status = IdentifyStatus::known, .key = *candidate};
  }
  return chosen;
}

}  // namespace

ChosenCredential choose_credential(const PresentedCredentials& presented) {
  if (!presented.gateway_key) return choose_usual(presented);
  if (presented.repeated) return {.status = IdentifyStatus::conflicting, .key = {}};
  if (!is_plausible(*presented.gateway_key)) {
    return {.status = IdentifyStatus::malformed, .key = {}};
  }
  return {.status = IdentifyStatus::known, .key = *presented.gateway_key};
}

ChosenCredential choose_own_key(const PresentedCredentials& presented) {
  if (!presented.gateway_key) return {};
  const ChosenCredential own = choose_usual(presented);
  if (own.status == IdentifyStatus::known && same(own.key, *presented.gateway_key)) return {};
  return own;
}

Identity identify(const config::ConfigView& config, const config::PolicySet* set,
                  const PresentedCredentials& presented) {
  const ChosenCredential chosen = choose_credential(presented);
  const bool anybody = set != nullptr && !set->anonymous_rights.none();
  if (chosen.status == IdentifyStatus::missing && anybody) {
    return {.status = IdentifyStatus::known, .caller = config.scopes().anonymous_caller(*set)};
  }
  if (chosen.status != IdentifyStatus::known) return {.status = chosen.status};
  const config::Sha256 digest = config::key_digest(chosen.key);
  const config::ApiKey* key = config.find_key(digest);
  if (key == nullptr && looks_like_token(chosen.key) && !config.tokens().issuers().empty()) {
    return {.status = IdentifyStatus::token, .token = chosen.key, .digest = digest};
  }
  if (key == nullptr) return {.status = IdentifyStatus::unknown};
  return {.status = IdentifyStatus::known, .caller = config.scopes().caller(*key)};
}

}  // namespace headrace::policy

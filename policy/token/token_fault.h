// Why a token is not believed.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/messages/message_id.h"

namespace headrace::policy {

enum class TokenFault : std::uint8_t {
  malformed,       // not three parts of base64url, not JSON objects, a name twice, a wrong type
  header_refused,  // it says where to fetch a key, brings one along, or wants what we do not know
  algorithm,       // none, unknown, or not the one that its key was made for
  issuer,          // nobody that the config names
  key_unknown,     // no such kid
  audience,
  expired,
  lifetime,  // none, or longer than the issuer's tokens may live
  not_yet_valid,
  signature,
  tenant_unknown,   // no such tenant, or none named
  subject_unknown,  // no such user, or a user of another tenant
  denied,           // by id or subject
};
inline constexpr std::size_t kTokenFaultCount = static_cast<std::size_t>(TokenFault::denied) + 1;

struct TokenFaultRow {
  TokenFault fault;
  std::string_view name;  // in audit lines
  MessageId message;
};
[[nodiscard]] const TokenFaultRow& row(TokenFault fault);

}  // namespace headrace::policy

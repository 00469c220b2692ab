// The rows of a config base that say whose tokens are believed.
//
//   token_issuers ---> string_list (audiences), denials, rights; tenants
//     |
//     +-- keys_file, secret     read when a config is loaded (policy/token/token_key.h)
//
//   tenant_slots, user_slots    open addressing by identity: a token names its tenant and user
#pragma once

#include <cstdint>

#include "policy/config/row_values.h"
#include "policy/token/token_algorithm.h"

namespace headrace::policy::config {

struct TokenIssuer {
  TextRef name;
  TextRef issuer;        // as `iss` has it
  TextRef keys_file;     // PEM or JWKS; empty: `secret`
  TextRef secret;        // sealed, context by issuer_context(); empty: `keys_file`
  TextRef tenant_claim;  // names the tenant; empty: `tenant`
  TextRef user_claim;
  TextRef roles_claim;       // empty: tokens give no roles
  RowRange audiences;        // in string_list; none: any
  RowRange denied_ids;       // in denials, sorted by hash
  RowRange denied_subjects;  // in denials, sorted by hash
  std::uint64_t leeway_s;
  std::uint64_t lifetime_max_s;
  RowRef tenant;
  std::uint32_t rights;
  TokenAlgorithm algorithm;  // of a PEM key, and of what in a JWKS says none
  Switch users_must_be_known;
  std::uint8_t reserved[6];
};

// What a token that is refused has as `jti` or `sub`.
struct Denial {
  std::uint64_t hash;  // denial_hash (policy/token/token_verifier.h)
  TextRef text;
};

}  // namespace headrace::policy::config

// Who asks, as every stage behind identify sees them: rows of the config base that the request is
// judged by.
//
// A caller comes with an API key, with a token (then there is no key), or with nothing where a
// listener lets anybody in (then there is neither key nor user). Tenant and rights are always
// there.
//
// Threads: a value; it lives no longer than the config that its rows stand in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "policy/config/scope_layout.h"

namespace headrace::policy {

// Of a user's name, to show in logs and to providers.
inline constexpr std::size_t kSubjectShownBytes = 64;

// By what a caller is known.
enum class Proof : std::uint8_t { none, key, token };

struct Caller {
  const config::Tenant* tenant = nullptr;  // nullptr: nobody was identified
  const config::Project* project = nullptr;
  const config::User* user = nullptr;
  const config::ApiKey* key = nullptr;
  const config::Rights* rights = nullptr;
  config::RoleBits roles = 0;  // of rights, user and token, with all that they inherit
  Proof proof = Proof::none;
  // Of the user, also of one whom a token names and the config does not know; 0: no user.
  std::uint64_t user_identity = 0;

  [[nodiscard]] bool known() const { return tenant != nullptr; }
};

}  // namespace headrace::policy

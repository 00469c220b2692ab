// Roles as bits, by their places in the config.
//
// Threads: pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "policy/config/access_model.h"

namespace headrace::policy::config {

// The bit of a role; 0 where there is none of that name.
[[nodiscard]] RoleBits role_bit(const std::vector<RoleModel>& roles, std::string_view name);

// For each role those that it inherits from, at any distance. One that inherits from itself has its
// own bit in it.
[[nodiscard]] std::vector<RoleBits> inherited_roles(const std::vector<RoleModel>& roles);

}  // namespace headrace::policy::config

#include "policy/config/role_bits.h"

#include <algorithm>

namespace headrace::policy::config {

RoleBits role_bit(const std::vector<RoleModel>& roles, std::string_view name) {
  for (std::size_t i = 0; i < std::min(roles.size(), kRolesMax); ++i) {
    if (roles[i].name.value == name) return RoleBits{1} << i;
  }
  return 0;
}

std::vector<RoleBits> inherited_roles(const std::vector<RoleModel>& roles) {
  const std::size_t count = std::min(roles.size(), kRolesMax);
  std::vector<RoleBits> inherited(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (const Text& name : roles[i].inherits)
      inherited[i] |= role_bit(roles, name.value);
  }
  // Warshall's closure: a way over the roles below `over` is found before `over` is looked at.
  for (std::size_t over = 0; over < count; ++over) {
    for (RoleBits& bits : inherited) {
      if ((bits >> over & 1) != 0) bits |= inherited[over];
    }
  }
  return inherited;
}

}  // namespace headrace::policy::config

#include "policy/config/access_view.h"

#include <algorithm>
#include <bit>

#include "policy/config/path_pattern.h"

namespace headrace::policy::config {

bool AccessView::allows_model(RowRange range, std::string_view model) const {
  if (range.count == 0) return true;
  return std::ranges::any_of(models(range), [&](const ModelRule& rule) {
    return rule.match == ModelMatch::exact ? model == text(rule.text)
                                           : model.starts_with(text(rule.text));
  });
}

bool AccessView::permits(RowRange range, std::uint8_t method, std::string_view path) const {
  const bool unambiguous = is_unambiguous_path(path);
  return std::ranges::any_of(permissions(range), [&](const Permission& permission) {
    if ((permission.methods & method) == 0) return false;
    return permission.path.empty() || (unambiguous && path_matches(text(permission.path), path));
  });
}

bool AccessView::roles_permit(RoleBits roles, std::uint8_t method, std::string_view path) const {
  for (; roles != 0; roles &= roles - 1) {
    const auto row = static_cast<std::size_t>(std::countr_zero(roles));
    if (permits(roles_[row].permissions, method, path)) return true;
  }
  return false;
}

RoleBits AccessView::role_bits(std::string_view name) const {
  const auto found =
      std::ranges::find_if(roles_, [&](const Role& role) { return text(role.name) == name; });
  return found == roles_.end() ? 0 : found->with_inherited;
}

bool AccessView::allows_route(const Rights& rights, std::uint32_t route) const {
  return rights.routes.count == 0 ||
         std::ranges::find(routes(rights), route) != routes(rights).end();
}

bool AccessView::serves_tenant(const PolicySet& set, std::uint32_t tenant) const {
  return set.tenants.count == 0 || std::ranges::binary_search(tenants(set), tenant);
}

}  // namespace headrace::policy::config

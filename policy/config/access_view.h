// Who may do what, in an opened config base (access_layout.h).
//
// Threads, lifetime: as ConfigView, of which it is a part. Invariants: judged by BaseJudge.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "policy/config/access_layout.h"

namespace headrace::policy::config {

class AccessView {
 public:
  [[nodiscard]] const Rights& rights(std::uint32_t row) const { return rights_[row]; }
  [[nodiscard]] std::span<const Role> roles() const { return roles_; }
  [[nodiscard]] std::span<const PolicySet> policy_sets() const { return policy_sets_; }
  // nullptr: none.
  [[nodiscard]] const PolicySet* policy_set(RowRef ref) const {
    return ref.none() ? nullptr : &policy_sets_[ref.row()];
  }

  [[nodiscard]] std::span<const ModelRule> models(RowRange range) const {
    return model_rules_.subspan(range.first, range.count);
  }
  [[nodiscard]] std::span<const Permission> permissions(RowRange range) const {
    return permissions_.subspan(range.first, range.count);
  }
  [[nodiscard]] std::span<const std::uint32_t> routes(const Rights& rights) const {
    return route_refs_.subspan(rights.routes.first, rights.routes.count);
  }
  [[nodiscard]] std::span<const std::uint32_t> tenants(const PolicySet& set) const {
    return tenant_refs_.subspan(set.tenants.first, set.tenants.count);
  }

  // --- for each request ------------------------------------------------------------------------
  // By the name that the client uses; no rules allow every model.
  [[nodiscard]] bool allows_model(RowRange models, std::string_view model) const;
  // Is there one for this method (a MethodBit) and path? A path that could be read in two ways
  // fits only a permission for every path.
  [[nodiscard]] bool permits(RowRange permissions, std::uint8_t method,
                             std::string_view path) const;
  // May any of these roles?
  [[nodiscard]] bool roles_permit(RoleBits roles, std::uint8_t method, std::string_view path) const;
  // What a role of that name gives, with all that it inherits; nothing where there is none.
  [[nodiscard]] RoleBits role_bits(std::string_view name) const;
  [[nodiscard]] bool allows_route(const Rights& rights, std::uint32_t route) const;
  [[nodiscard]] bool serves_tenant(const PolicySet& set, std::uint32_t tenant) const;

 private:
  friend class BaseJudge;

  [[nodiscard]] std::string_view text(TextRef ref) const {
    return {strings_.data() + ref.offset, ref.bytes};
  }

  std::span<const char> strings_;
  std::span<const Rights> rights_;
  std::span<const ModelRule> model_rules_;
  std::span<const Permission> permissions_;
  std::span<const Role> roles_;
  std::span<const PolicySet> policy_sets_;
  std::span<const std::uint32_t> tenant_refs_;
  std::span<const std::uint32_t> route_refs_;
};

}  // namespace headrace::policy::config

// Lays out who may do what: rights, roles and policy sets (access_layout.h). A part of BaseBuilder.
//
// Threads: owned by one thread. Invariants: the same calls give the same bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base_blob.h"
#include "policy/config/base_layout.h"
#include "policy/config/config_model.h"
#include "policy/config/ip_builder.h"
#include "policy/config/string_heap.h"

namespace headrace::policy::config {

// What somebody may do, as it is written.
struct RightsEntry {
  std::vector<std::string_view> models = {};  // names, or patterns that end in a star
  std::vector<std::string_view> scopes = {};  // groups of endpoints, or permissions
  std::vector<std::string_view> routes = {};
  std::vector<std::string_view> roles = {};
  std::vector<std::string_view> ip_allow = {};
  std::uint64_t expires_at_s = 0;
  Switch passthrough = Switch::on;
  Switch suspended = Switch::off;
  Switch debug = Switch::off;
  Switch bypass_limits = Switch::off;
};

class AccessBuilder {
 public:
  AccessBuilder(StringHeap& strings, IpBuilder& ip) : strings_(strings), ip_(ip) {}

  // First: roles and names of routes.
  void add_roles(const ConfigModel& model);
  // The row of these rights: a new one, or that of who has the same.
  std::uint32_t rights_index(const RightsEntry& entry);
  std::uint32_t rights_index(const RightsModel& model);
  RowRange add_model_rules(const std::vector<std::string_view>& models);
  RoleBits role_bits(const std::vector<std::string_view>& names) const;
  // `tenant_index`: of a tenant that is there.
  template <class TenantIndex>
  void add_policy_set(const PolicySetModel& set, TenantIndex tenant_index) {
    std::vector<std::uint32_t> tenants;
    for (const Text& name : set.tenants)
      tenants.push_back(tenant_index(name.value));
    const Text& anonymous = set.anonymous.tenant;
    add_policy_set(set, std::move(tenants),
                   anonymous.value.empty() ? RowRef{} : RowRef::to(tenant_index(anonymous.value)));
  }
  [[nodiscard]] RowRef policy_set(std::string_view name) const;
  // The tables; they must stay where they are until the blob is finished.
  void finish(core::BlobBuilder& blob);

 private:
  void add_policy_set(const PolicySetModel& set, std::vector<std::uint32_t> tenants,
                      RowRef anonymous_tenant);
  RowRange add_permissions(const std::vector<std::string_view>& texts);

  StringHeap& strings_;
  IpBuilder& ip_;
  TextMap<std::uint32_t> route_indexes_;
  TextMap<std::uint32_t> policy_set_indexes_;
  TextMap<RoleBits> role_bits_;  // with what they inherit
  TextMap<RowRange> model_rule_ranges_;
  TextMap<std::uint32_t> rights_indexes_;  // by all that they say

  std::vector<Rights> rights_;
  std::vector<ModelRule> model_rules_;
  std::vector<Permission> permissions_;
  std::vector<Role> roles_;
  std::vector<PolicySet> policy_sets_;
  std::vector<std::uint32_t> tenant_refs_;
  std::vector<std::uint32_t> route_refs_;
};

// The texts of a list; they live as long as it does.
[[nodiscard]] std::vector<std::string_view> views_of(const std::vector<Text>& texts);

}  // namespace headrace::policy::config

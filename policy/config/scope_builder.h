// Lays out who there is: organisations, tenants, projects, users and keys, with the rights of keys
// (scope_layout.h). A part of BaseBuilder.
//
// What goes in was judged before (scope_rules.cpp). Keys may be added one by one besides those of a
// model: a store may have a million.
//
// Threads: owned by one thread. Invariants: the same calls give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base_blob.h"
#include "policy/config/base_layout.h"
#include "policy/config/config_model.h"
#include "policy/config/quota_builder.h"
#include "policy/config/string_heap.h"

namespace headrace::policy::config {

// What one base may hold.
inline constexpr std::size_t kTenantsMax = 1'000'000;
inline constexpr std::size_t kKeysMax = 4'000'000;

struct KeyEntry {
  Sha256 digest;
  std::string_view name;
  std::string_view prefix;
  std::string_view tenant;
  std::string_view project = {};              // empty: none
  std::string_view user = {};                 // empty: none
  std::vector<std::string_view> models = {};  // names, or patterns that end in a star
  Switch passthrough = Switch::on;
  Switch bypass_limits = Switch::off;
  const ScopeQuota* quota = nullptr;  // none: no limits of its own
};

class ScopeBuilder {
 public:
  ScopeBuilder(StringHeap& strings, QuotaBuilder& quota) : strings_(strings), quota_(quota) {}

  // Once; before keys are added.
  void add(const ConfigModel& model);
  void reserve_keys(std::size_t count) { keys_.reserve(count); }
  void add_key(const KeyEntry& key);
  RowRange add_model_rules(const std::vector<std::string_view>& models);
  // One that is only named is made.
  std::uint32_t tenant_index(std::string_view name);
  // The tables; they must stay where they are until the blob is finished.
  void finish(core::BlobBuilder& blob);

 private:
  void add_tenant(const TenantModel& tenant);
  void add_key(const KeyModel& key);
  std::uint32_t rights_index(const KeyEntry& key);

  StringHeap& strings_;
  QuotaBuilder& quota_;
  TextMap<std::uint32_t> organisation_indexes_;
  TextMap<std::uint32_t> tenant_indexes_;
  TextMap<std::uint32_t> project_indexes_;
  TextMap<std::uint32_t> user_indexes_;
  TextMap<RowRange> model_rule_ranges_;
  TextMap<std::uint32_t> rights_indexes_;  // by the bytes of the row

  std::vector<Organisation> organisations_;
  std::vector<Tenant> tenants_;
  std::vector<Project> projects_;
  std::vector<User> users_;
  std::vector<ApiKey> keys_;
  std::vector<HashSlot> key_slots_;
  std::vector<Rights> rights_;
  std::vector<ModelRule> model_rules_;
};

}  // namespace headrace::policy::config

// Lays out who there is: organisations, tenants, projects, users and keys (scope_layout.h). A part
// of BaseBuilder.
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
#include "policy/config/access_builder.h"
#include "policy/config/base_layout.h"
#include "policy/config/config_model.h"
#include "policy/config/key_places.h"
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
  std::string_view project = {};  // empty: none
  std::string_view user = {};     // empty: none
  RightsEntry rights = {};
  const ScopeQuota* quota = nullptr;  // none: no limits of its own
};

class ScopeBuilder {
 public:
  ScopeBuilder(StringHeap& strings, AccessBuilder& access, QuotaBuilder& quota, IpBuilder& ip)
      : strings_(strings), access_(access), quota_(quota), ip_(ip) {}

  // Once; before keys are added.
  void add(const ConfigModel& model);
  void reserve_keys(std::size_t count) { keys_.reserve(count); }
  void add_key(const KeyEntry& key) { add_key(key, access_.rights_index(key.rights)); }
  // One that is only named is made.
  std::uint32_t tenant_index(std::string_view name);
  // The tables; they must stay where they are until the blob is finished.
  void finish(core::BlobBuilder& blob);

 private:
  void add_tenant(const TenantModel& tenant);
  void add_key(const KeyModel& key);
  void add_key(const KeyEntry& key, std::uint32_t rights);
  void place_keys();

  StringHeap& strings_;
  AccessBuilder& access_;
  QuotaBuilder& quota_;
  IpBuilder& ip_;
  TextMap<std::uint32_t> organisation_indexes_;
  TextMap<std::uint32_t> tenant_indexes_;
  TextMap<std::uint32_t> project_indexes_;
  TextMap<std::uint32_t> user_indexes_;

  std::vector<Organisation> organisations_;
  std::vector<Tenant> tenants_;
  std::vector<Project> projects_;
  std::vector<User> users_;
  std::vector<ApiKey> keys_;
  KeySeeds key_seeds_;
  std::vector<std::uint32_t> written_keys_;
  std::vector<HashSlot> tenant_slots_;
  std::vector<HashSlot> user_slots_;
};

}  // namespace headrace::policy::config

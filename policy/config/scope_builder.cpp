#include "policy/config/scope_builder.h"

#include <span>
#include <utility>

#include "core/check.h"
#include "policy/config/option_table.h"
#include "policy/config/slot_table.h"

namespace headrace::policy::config {
namespace {

template <class Row>
std::uint32_t count_of(const std::vector<Row>& rows) {
  return static_cast<std::uint32_t>(rows.size());
}

std::uint32_t known_index(const TextMap<std::uint32_t>& indexes, std::string_view name) {
  const auto found = indexes.find(name);
  HEADRACE_CHECK(found != indexes.end());
  return found->second;
}

RowRef reference(const TextMap<std::uint32_t>& indexes, std::string_view name) {
  return name.empty() ? RowRef{} : RowRef::to(known_index(indexes, name));
}

template <class Row>
void add_named(std::vector<Row>& rows, TextMap<std::uint32_t>& indexes, ScopeKind kind,
               std::string_view name, StringHeap& strings, Row row) {
  const bool is_new = indexes.emplace(std::string(name), count_of(rows)).second;
  HEADRACE_CHECK(is_new);
  row.name = strings.append(name);
  row.identity = scope_identity(kind, name);
  rows.push_back(row);
}

// By identity, which follows from the name.
template <class Row>
void fill_slots(std::vector<HashSlot>& slots, const std::vector<Row>& rows) {
  slots.assign(slots_for(rows.size()), {});
  for (std::uint32_t i = 0; i < rows.size(); ++i)
    insert_into_slots(slots, slot_hash(rows[i].identity), i);
}

}  // namespace

void ScopeBuilder::add(const ConfigModel& model) {
  for (const OrganisationModel& organisation : model.organisations) {
    Organisation row{};
    row.limits = quota_.limit_set(organisation.quota);
    add_named(organisations_, organisation_indexes_, ScopeKind::organisation,
              organisation.name.value, strings_, row);
  }
  for (const TenantModel& tenant : model.tenants)
    add_tenant(tenant);
  for (const ProjectModel& project : model.projects) {
    Project row{};
    row.tenant = tenant_index(project.tenant.value);
    row.limits = quota_.limit_set(project.quota);
    add_named(projects_, project_indexes_, ScopeKind::project, project.name.value, strings_, row);
  }
  for (const UserModel& user : model.users) {
    User row{};
    row.tenant = tenant_index(user.tenant.value);
    row.limits = quota_.limit_set(user.quota);
    row.roles = access_.role_bits(views_of(user.roles));
    row.suspended = user.suspended;
    add_named(users_, user_indexes_, ScopeKind::user, user.name.value, strings_, row);
  }
  for (const KeyModel& key : model.keys)
    add_key(key);
}

void ScopeBuilder::add_tenant(const TenantModel& tenant) {
  HEADRACE_CHECK(tenants_.size() < kTenantsMax);
  Tenant row = tenant.row;
  row.time_zone = strings_.intern(tenant.time_zone.value);
  row.models = access_.add_model_rules(views_of(tenant.models));
  row.organisation = reference(organisation_indexes_, tenant.organisation.value);
  row.limits = quota_.limit_set(tenant.quota);
  row.ip_set = ip_.set(views_of(tenant.ip_allow));
  row.zone = quota_.zone(tenant.time_zone.value);
  add_named(tenants_, tenant_indexes_, ScopeKind::tenant, tenant.name.value, strings_, row);
}

std::uint32_t ScopeBuilder::tenant_index(std::string_view name) {
  const auto known = tenant_indexes_.find(name);
  if (known != tenant_indexes_.end()) return known->second;
  TenantModel tenant;
  set_defaults(section_of("tenants"), &tenant);
  tenant.name.value = name;
  add_tenant(tenant);
  return count_of(tenants_) - 1;
}

void ScopeBuilder::add_key(const KeyModel& key) {
  add_key({.digest = key.digest,
           .name = key.name.value,
           .prefix = key.prefix.value,
           .tenant = key.tenant.value,
           .project = key.project.value,
           .user = key.user.value,
           .quota = &key.quota},
          access_.rights_index(key.rights));
}

void ScopeBuilder::add_key(const KeyEntry& key, std::uint32_t rights) {
  HEADRACE_CHECK(keys_.size() < kKeysMax);
  ApiKey row{};
  row.digest = key.digest;
  row.identity = scope_identity(ScopeKind::key, key.name);
  row.name = strings_.append_label(key.name, key.prefix);
  row.tenant = tenant_index(key.tenant);
  row.project = reference(project_indexes_, key.project);
  row.user = reference(user_indexes_, key.user);
  row.rights = rights;
  if (key.quota != nullptr) row.limits = quota_.limit_set(*key.quota);
  keys_.push_back(row);
}

// Each to its row by its digest.
void ScopeBuilder::place_keys() {
  std::vector<Sha256> digests;
  digests.reserve(keys_.size());
  for (const ApiKey& key : keys_)
    digests.push_back(key.digest);
  key_seeds_ = find_seeds(digests);
  written_keys_.reserve(keys_.size());
  std::vector<ApiKey> placed(keys_.size());
  for (const ApiKey& key : keys_) {
    const std::uint32_t place =
        key_place(key.digest, key_seeds_.salt, key_seeds_.by_group, keys_.size());
    placed[place] = key;
    written_keys_.push_back(place);
  }
  keys_ = std::move(placed);
}

void ScopeBuilder::finish(core::BlobBuilder& blob) {
  place_keys();
  fill_slots(tenant_slots_, tenants_);
  fill_slots(user_slots_, users_);
  // The rows stay where they are until the blob is finished.
  const auto add_table = [&](TableKind kind, const auto& rows) {
    blob.add_table(static_cast<std::uint32_t>(kind), kTableVersion, std::span(std::as_const(rows)));
  };
  add_table(TableKind::organisations, organisations_);
  add_table(TableKind::tenants, tenants_);
  add_table(TableKind::projects, projects_);
  add_table(TableKind::users, users_);
  add_table(TableKind::keys, keys_);
  add_table(TableKind::key_salt, std::span<const std::uint64_t>(&key_seeds_.salt, 1));
  add_table(TableKind::key_seeds, key_seeds_.by_group);
  add_table(TableKind::written_keys, written_keys_);
  add_table(TableKind::tenant_slots, tenant_slots_);
  add_table(TableKind::user_slots, user_slots_);
}

}  // namespace headrace::policy::config

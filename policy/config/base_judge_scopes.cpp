// The part of BaseJudge that looks at scopes.
#include <vector>

#include "policy/config/base_judge.h"
#include "policy/config/key_places.h"
#include "policy/config/scope_model.h"

namespace headrace::policy::config {

void BaseJudge::take_scopes() {
  ScopeView& scopes = view_.scopes_;
  scopes.strings_ = view_.strings_;
  take(TableKind::organisations, scopes.organisations_);
  take(TableKind::tenants, scopes.tenants_);
  take(TableKind::projects, scopes.projects_);
  take(TableKind::users, scopes.users_);
  take(TableKind::keys, scopes.keys_);
  take(TableKind::key_salt, scopes.key_salt_);
  take(TableKind::key_seeds, scopes.key_seeds_);
  take(TableKind::written_keys, scopes.written_keys_);
  take(TableKind::tenant_slots, scopes.tenant_slots_);
  take(TableKind::user_slots, scopes.user_slots_);
  take_access();
}

void BaseJudge::judge_scopes() {
  const ScopeView& scopes = view_.scopes_;
  for (const Organisation& organisation : scopes.organisations_) {
    text(organisation.name);
    limits(organisation.limits);
  }
  TenantModel model;
  for (const Tenant& tenant : scopes.tenants_) {
    model.row = tenant;
    bounds("tenants", &model);
    text(tenant.name);
    text(tenant.time_zone);
    range(tenant.models, scopes.access_.model_rules_.size());
    reference(tenant.organisation, scopes.organisations_.size());
    limits(tenant.limits);
    reference(tenant.ip_set, view_.ip_.sets_.size());
    reference(tenant.zone, view_.quota_.zones_.size());
  }
  for (const Project& project : scopes.projects_) {
    text(project.name);
    index(project.tenant, scopes.tenants_.size());
    limits(project.limits);
  }
  for (const User& user : scopes.users_) {
    text(user.name);
    index(user.tenant, scopes.tenants_.size());
    limits(user.limits);
    roles(user.roles);
    flag(user.suspended);
  }
}

void BaseJudge::judge_keys() {
  const ScopeView& scopes = view_.scopes_;
  for (const ApiKey& key : scopes.keys_) {
    fetch_label_behind(key);
    label(key.name);
    index(key.tenant, scopes.tenants_.size());
    reference(key.project, scopes.projects_.size());
    reference(key.user, scopes.users_.size());
    index(key.rights, scopes.access_.rights_.size());
    limits(key.limits);
    if (!why_.empty()) return;
    const Project* project = scopes.project(key);
    const User* user = scopes.user(key);
    if ((project != nullptr && project->tenant != key.tenant) ||
        (user != nullptr && user->tenant != key.tenant)) {
      return refuse("a key is not in the tenant of its project or user");
    }
  }
  judge_key_places();
  slots(scopes.tenant_slots_, scopes.tenants_.size());
  slots(scopes.user_slots_, scopes.users_.size());
}

// Every key is found by its digest, and written once.
void BaseJudge::judge_key_places() {
  const ScopeView& scopes = view_.scopes_;
  const std::size_t keys = scopes.keys_.size();
  if (scopes.key_salt_.size() != 1 || scopes.key_seeds_.size() != seeds_for(keys)) {
    return refuse("the seeds of keys have an impossible number");
  }
  for (std::uint32_t row = 0; row < keys; ++row) {
    if (key_place(scopes.keys_[row].digest, scopes.key_salt_[0], scopes.key_seeds_, keys) != row) {
      return refuse("a key is not where its digest leads");
    }
  }
  std::vector<bool> written(keys);
  for (const std::uint32_t row : scopes.written_keys_) {
    if (row >= keys || written[row]) return refuse("a key is written outside, or twice");
    written[row] = true;
  }
  if (scopes.written_keys_.size() != keys) refuse("a key is written nowhere");
}

// Names stand in the order of the config, keys do not: on its way before its turn comes.
void BaseJudge::fetch_label_behind(const ApiKey& key) const {
  constexpr std::size_t kAhead = 16;
  const std::span<const ApiKey> keys = view_.scopes_.keys_;
  const auto row = static_cast<std::size_t>(&key - keys.data());
  if (keys.size() - row <= kAhead) return;
  const std::size_t offset = keys[row + kAhead].name.offset;
  if (offset < view_.strings_.size()) __builtin_prefetch(&view_.strings_[offset]);
}

void BaseJudge::label(KeyLabel label) {
  const auto& strings = view_.strings_;
  if (label.offset >= strings.size() || strings.size() - label.offset < 2) {
    return refuse("a key's name lies outside");
  }
  const auto name_bytes = static_cast<unsigned char>(strings[label.offset]);
  const auto prefix_bytes = static_cast<unsigned char>(strings[label.offset + 1]);
  text({.offset = label.offset + 2, .bytes = std::uint32_t{name_bytes} + prefix_bytes});
}

}  // namespace headrace::policy::config

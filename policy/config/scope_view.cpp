#include "policy/config/scope_view.h"

#include "policy/config/key_places.h"
#include "policy/config/slot_table.h"

namespace headrace::policy::config {

const ApiKey* ScopeView::find_key(const Sha256& digest) const {
  if (keys_.empty()) return nullptr;
  const ApiKey& key = keys_[key_place(digest, key_salt_[0], key_seeds_, keys_.size())];
  return equal_in_constant_time(key.digest, digest) ? &key : nullptr;
}

const Tenant* ScopeView::find_tenant(std::string_view name) const {
  const std::uint64_t identity = scope_identity(ScopeKind::tenant, name);
  return find_in_slots(tenant_slots_, tenants_, slot_hash(identity),
                       [&](const Tenant& tenant) { return text(tenant.name) == name; });
}

const User* ScopeView::find_user(std::string_view name) const {
  const std::uint64_t identity = scope_identity(ScopeKind::user, name);
  return find_in_slots(user_slots_, users_, slot_hash(identity),
                       [&](const User& user) { return text(user.name) == name; });
}

std::optional<Caller> ScopeView::find_again(const Caller& caller, const ScopeView& other) const {
  if (caller.key != nullptr) {
    const ApiKey* key = find_key(caller.key->digest);
    if (key == nullptr) return std::nullopt;
    return this->caller(*key);
  }
  Caller again = caller;
  again.tenant = find_tenant(other.text(caller.tenant->name));
  again.project = nullptr;
  if (caller.user != nullptr) again.user = find_user(other.text(caller.user->name));
  if (!again.known()) return std::nullopt;
  return again;
}

}  // namespace headrace::policy::config

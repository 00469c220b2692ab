// The scopes of an opened config base: who there is, and what keys may do (scope_layout.h).
//
// Threads, lifetime: as ConfigView, of which it is a part. Invariants: judged by BaseJudge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>

#include "policy/caller.h"
#include "policy/config/access_view.h"
#include "policy/config/base_layout.h"

namespace headrace::policy::config {

class ScopeView {
 public:
  [[nodiscard]] std::span<const Organisation> organisations() const { return organisations_; }
  [[nodiscard]] std::span<const Tenant> tenants() const { return tenants_; }
  [[nodiscard]] std::span<const Project> projects() const { return projects_; }
  [[nodiscard]] std::span<const User> users() const { return users_; }
  // In the order of the config; their rows stand in another one (key_places.h).
  [[nodiscard]] auto keys() const {
    return std::views::transform(
        written_keys_, [rows = keys_](std::uint32_t row) -> const ApiKey& { return rows[row]; });
  }

  // The key with this digest, or nullptr. The digest is compared whole and in constant time.
  [[nodiscard]] const ApiKey* find_key(const Sha256& digest) const;

  // By name; nullptr: nobody has it.
  [[nodiscard]] const Tenant* find_tenant(std::string_view name) const;
  [[nodiscard]] const User* find_user(std::string_view name) const;

  [[nodiscard]] const Tenant& tenant(const ApiKey& key) const { return tenants_[key.tenant]; }
  [[nodiscard]] const Tenant& tenant(const Project& project) const {
    return tenants_[project.tenant];
  }
  [[nodiscard]] const Tenant& tenant(const User& user) const { return tenants_[user.tenant]; }
  // nullptr: it has none.
  [[nodiscard]] const Organisation* organisation(const Tenant& tenant) const {
    return row(organisations_, tenant.organisation);
  }
  [[nodiscard]] const Project* project(const ApiKey& key) const {
    return row(projects_, key.project);
  }
  [[nodiscard]] const User* user(const ApiKey& key) const { return row(users_, key.user); }

  [[nodiscard]] const AccessView& access() const { return access_; }
  [[nodiscard]] const Rights& rights(const ApiKey& key) const { return access_.rights(key.rights); }

  [[nodiscard]] std::string_view name(const ApiKey& key) const { return label(key.name).name; }
  // For display; as given in the config, never derived from the key.
  [[nodiscard]] std::string_view prefix(const ApiKey& key) const { return label(key.name).prefix; }

  // Whoever holds this key.
  [[nodiscard]] Caller caller(const ApiKey& key) const {
    const User* holder = user(key);
    return {.tenant = &tenant(key),
            .project = project(key),
            .user = holder,
            .key = &key,
            .rights = &rights(key),
            .roles = rights(key).roles | (holder == nullptr ? 0 : holder->roles),
            .proof = Proof::key,
            .user_identity = holder == nullptr ? 0 : holder->identity};
  }

  // Whoever shows no credential, where a policy set lets them in.
  [[nodiscard]] Caller anonymous_caller(const PolicySet& set) const {
    const Rights& rights = access_.rights(set.anonymous_rights.row());
    return {.tenant = &tenants_[set.anonymous_tenant], .rights = &rights, .roles = rights.roles};
  }

  // Whom another base had as this caller, as this one has them; nothing: they are no more. Rights
  // that no key has are those of the other base.
  [[nodiscard]] std::optional<Caller> find_again(const Caller& caller,
                                                 const ScopeView& other) const;

  // Dense numbers.
  [[nodiscard]] std::uint32_t index_of(const User& user) const {
    return static_cast<std::uint32_t>(&user - users_.data());
  }
  [[nodiscard]] std::uint32_t index_of(const ApiKey& key) const {
    return static_cast<std::uint32_t>(&key - keys_.data());
  }
  [[nodiscard]] std::uint32_t index_of(const Tenant& tenant) const {
    return static_cast<std::uint32_t>(&tenant - tenants_.data());
  }

 private:
  friend class BaseJudge;

  struct Label {
    std::string_view name;
    std::string_view prefix;
  };
  [[nodiscard]] Label label(KeyLabel label) const {
    const char* at = strings_.data() + label.offset;
    const auto name_bytes = static_cast<unsigned char>(at[0]);
    const auto prefix_bytes = static_cast<unsigned char>(at[1]);
    return {.name = {at + 2, name_bytes}, .prefix = {at + 2 + name_bytes, prefix_bytes}};
  }
  [[nodiscard]] std::string_view text(TextRef ref) const {
    return {strings_.data() + ref.offset, ref.bytes};
  }
  template <class Row>
  static const Row* row(std::span<const Row> rows, RowRef ref) {
    return ref.none() ? nullptr : &rows[ref.row()];
  }

  std::span<const char> strings_;
  std::span<const Organisation> organisations_;
  std::span<const Tenant> tenants_;
  std::span<const Project> projects_;
  std::span<const User> users_;
  std::span<const ApiKey> keys_;
  std::span<const std::uint64_t> key_salt_;  // one
  std::span<const std::uint32_t> key_seeds_;
  std::span<const std::uint32_t> written_keys_;  // rows
  std::span<const HashSlot> tenant_slots_;
  std::span<const HashSlot> user_slots_;
  AccessView access_;
};

}  // namespace headrace::policy::config

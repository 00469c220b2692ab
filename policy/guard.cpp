#include "policy/guard.h"

#include <iterator>
#include <utility>

#include "policy/config/permission_text.h"

namespace headrace::policy {
namespace {

using config::AccessView;
using config::PolicySet;
using config::Rights;
using config::RoleUse;
using config::Switch;
using config::TenantMode;

constexpr GuardRuleRow kRows[] = {
    {GuardRule::none, "none", Reason::permission_denied, MessageId::endpoint_denied},
    {GuardRule::tenant_suspended, "tenant_suspended", Reason::permission_denied,
     MessageId::tenant_suspended},
    {GuardRule::user_suspended, "user_suspended", Reason::permission_denied,
     MessageId::user_disabled},
    {GuardRule::suspended, "suspended", Reason::unauthenticated, MessageId::key_revoked},
    {GuardRule::expired, "expired", Reason::unauthenticated, MessageId::key_expired},
    {GuardRule::credential_kind, "credential_kind", Reason::unauthenticated,
     MessageId::credential_not_taken},
    {GuardRule::listener_address, "listener_address", Reason::permission_denied,
     MessageId::address_denied},
    {GuardRule::tenant_address, "tenant_address", Reason::permission_denied,
     MessageId::address_denied},
    {GuardRule::key_address, "key_address", Reason::permission_denied, MessageId::address_denied},
    {GuardRule::tenant_not_served, "tenant_not_served", Reason::permission_denied,
     MessageId::tenant_denied},
    {GuardRule::role_missing, "role_missing", Reason::permission_denied, MessageId::role_denied},
    {GuardRule::not_offered, "not_offered", Reason::path_not_found, MessageId::endpoint_unknown},
    {GuardRule::role_denies, "role_denies", Reason::permission_denied, MessageId::role_denied},
    {GuardRule::scope, "scope", Reason::permission_denied, MessageId::scope_denied},
    {GuardRule::tenant_model, "tenant_model", Reason::permission_denied, MessageId::model_denied},
    {GuardRule::trial_model, "trial_model", Reason::permission_denied,
     MessageId::trial_excludes_model},
    {GuardRule::plan_model, "plan_model", Reason::permission_denied,
     MessageId::plan_excludes_model},
    {GuardRule::model, "model", Reason::permission_denied, MessageId::model_denied},
    {GuardRule::route, "route", Reason::permission_denied, MessageId::route_denied},
};
static_assert(std::size(kRows) == kGuardRuleCount);
static_assert(
    [] {
      for (std::size_t i = 0; i < kGuardRuleCount; ++i) {
        if (kRows[i].rule != static_cast<GuardRule>(i)) return false;
      }
      return true;
    }(),
    "rows stand in the order of the rules");

GuardRule judge_state(const Caller& caller, std::uint64_t now_unix_s) {
  const Rights& rights = *caller.rights;
  if (caller.tenant->mode == TenantMode::suspended) return GuardRule::tenant_suspended;
  if (caller.user != nullptr && caller.user->suspended == Switch::on) {
    return GuardRule::user_suspended;
  }
  if (rights.suspended == Switch::on) return GuardRule::suspended;
  if (rights.expires_at_s != 0 && now_unix_s >= rights.expires_at_s) return GuardRule::expired;
  return GuardRule::none;
}

GuardRule judge_entrance(const config::ConfigView& config, const PolicySet& set,
                         const Caller& caller) {
  const Switch taken = caller.key != nullptr          ? set.api_keys
                       : caller.proof == Proof::token ? set.tokens
                                                      : Switch::on;
  if (taken == Switch::off) return GuardRule::credential_kind;
  if (!config.access().serves_tenant(set, config.scopes().index_of(*caller.tenant))) {
    return GuardRule::tenant_not_served;
  }
  if (set.roles != 0 && (set.roles & caller.roles) == 0) return GuardRule::role_missing;
  return GuardRule::none;
}

bool in_scope(const AccessView& access, const Rights& rights, std::uint8_t method,
              const HeadFacts& head) {
  if (rights.groups == 0 && rights.scopes.count == 0) return true;
  const auto group = std::to_underlying(config::group_of(head.endpoint));
  return (rights.groups & group) != 0 || access.permits(rights.scopes, method, head.path);
}

}  // namespace

const GuardRuleRow& row(GuardRule rule) {
  return kRows[static_cast<std::size_t>(rule)];
}

GuardRule judge_address(const config::ConfigView& config, const Caller& caller,
                        const HeadFacts& head) {
  const auto kept_out = [&](config::RowRef set) {
    if (set.none()) return false;
    return head.address == nullptr || !config.ip().contains(set, *head.address);
  };
  if (kept_out(head.listener_ip_set)) return GuardRule::listener_address;
  if (kept_out(caller.tenant->ip_set)) return GuardRule::tenant_address;
  if (kept_out(caller.rights->ip_set)) return GuardRule::key_address;
  return GuardRule::none;
}

GuardRule judge_head(const config::ConfigView& config, const PolicySet* set, const Caller& caller,
                     const HeadFacts& head) {
  if (const GuardRule rule = judge_state(caller, head.now_unix_s); rule != GuardRule::none) {
    return rule;
  }
  const AccessView& access = config.access();
  const std::uint8_t method = config::method_bit(head.method);
  RoleUse role_use = RoleUse::where_given;
  if (set != nullptr) {
    if (const GuardRule rule = judge_entrance(config, *set, caller); rule != GuardRule::none) {
      return rule;
    }
    const bool offered =
        set->permissions.count == 0 || access.permits(set->permissions, method, head.path);
    if (!offered) return GuardRule::not_offered;
    role_use = set->role_use;
  }
  const bool roles_decide =
      role_use == RoleUse::required || (role_use == RoleUse::where_given && caller.roles != 0);
  if (roles_decide && !access.roles_permit(caller.roles, method, head.path)) {
    return GuardRule::role_denies;
  }
  return in_scope(access, *caller.rights, method, head) ? GuardRule::none : GuardRule::scope;
}

GuardRule judge_model(const config::ConfigView& config, const Caller& caller,
                      std::string_view model) {
  const AccessView& access = config.access();
  if (caller.tenant->mode == TenantMode::sandbox) return GuardRule::none;
  if (!access.allows_model(caller.tenant->models, model)) {
    return caller.tenant->mode == TenantMode::trial ? GuardRule::trial_model
                                                    : GuardRule::tenant_model;
  }
  if (!config.planned(caller, model)) return GuardRule::plan_model;
  if (!access.allows_model(caller.rights->models, model)) return GuardRule::model;
  return GuardRule::none;
}

GuardRule judge_route(const config::ConfigView& config, const Caller& caller,
                      const config::Route& route) {
  if (route.sandbox == Switch::on) return GuardRule::none;
  return config.access().allows_route(*caller.rights, config.index_of(route)) ? GuardRule::none
                                                                              : GuardRule::route;
}

}  // namespace headrace::policy

#include <map>

#include <fmt/format.h>

#include "policy/config/config_rules.h"
#include "policy/config/date_text.h"
#include "policy/config/named_set.h"
#include "policy/config/role_bits.h"

namespace headrace::policy::config {
namespace {

class AccessRules {
 public:
  AccessRules(ConfigModel& model, ErrorList& errors) : model_(model), errors_(errors) {}

  void apply() {
    for (const RoleModel& role : model_.roles)
      roles_.add(role.name);
    for (const RouteModel& route : model_.routes) {
      if (route.name.given()) routes_.add(route.name);
    }
    for (const PolicySetModel& set : model_.policy_sets)
      policy_sets_.add(set.name);
    judge_inheritance();
    for (PolicySetModel& set : model_.policy_sets)
      judge_policy_set(set);
    for (const ListenerModel& listener : model_.listeners) {
      if (listener.policy_set.given()) policy_sets_.require(listener.policy_set);
    }
    for (const UserModel& user : model_.users)
      require_all(roles_, user.roles);
    for (KeyModel& key : model_.keys)
      settle(key.rights, key.has("passthrough"));
    for (TokenIssuerModel& issuer : model_.token_issuers)
      settle(issuer.rights, issuer.has("passthrough"));
    judge_modes();
  }

 private:
  static void require_all(const NamedSet& names, const std::vector<Text>& list) {
    for (const Text& name : list)
      names.require(name);
  }

  void settle(RightsModel& rights, bool passthrough_given) {
    require_all(roles_, rights.roles);
    require_all(routes_, rights.routes);
    if (!passthrough_given) {
      rights.passthrough = rights.models.empty() ? Switch::on : Switch::off;
    }
    if (rights.expires_at.given() && !rights.expires_at.unknown) {
      rights.expires_at_s = parse_date(rights.expires_at.value).value_or(0);
    }
  }

  void judge_policy_set(PolicySetModel& set) {
    require_all(roles_, set.roles);
    settle(set.anonymous.rights, set.anonymous.has("passthrough"));
    const RightsModel& rights = set.anonymous.rights;
    const bool has_rights = !rights.models.empty() || !rights.scopes.empty() ||
                            !rights.routes.empty() || !rights.roles.empty();
    if (has_rights && !set.anonymous.tenant.given()) {
      errors_.add(set.place_of("anonymous"), "anonymous callers have rights, but no tenant",
                  "say for whom they count: `tenant: NAME`");
    }
  }

  // A role that inherits from itself would be read in two ways.
  void judge_inheritance() {
    for (const RoleModel& role : model_.roles)
      require_all(roles_, role.inherits);
    const std::vector<RoleBits> inherited = inherited_roles(model_.roles);
    for (std::size_t i = 0; i < inherited.size(); ++i) {
      if ((inherited[i] >> i & 1) == 0) continue;
      const RoleModel& role = model_.roles[i];
      errors_.add(role.place_of("inherits"),
                  fmt::format("role {} inherits from itself", shown(role.name)),
                  "remove one of the roles on the way");
    }
  }

  void judge_modes() {
    std::map<Dialect, const ProviderModel*> sandboxes;
    for (const ProviderModel& provider : model_.providers) {
      if (provider.row.sandbox == Switch::off) continue;
      if (sandboxes.try_emplace(provider.row.dialect, &provider).second) continue;
      errors_.add(
          provider.place_of("sandbox"),
          fmt::format("provider {} is a second sandbox of its dialect", shown(provider.name)),
          "one provider of each dialect takes the requests of sandbox tenants");
    }
    for (const TenantModel& tenant : model_.tenants) {
      if (tenant.row.mode == TenantMode::trial && tenant.models.empty() &&
          !tenant.quota.plan.given()) {
        errors_.add(tenant.place_of("mode"),
                    fmt::format("tenant {} is on trial with every model", shown(tenant.name)),
                    "name its `models`, or its `plan`");
      }
      if (tenant.row.mode == TenantMode::sandbox && sandboxes.empty()) {
        errors_.add(tenant.place_of("mode"),
                    fmt::format("tenant {} is in a sandbox, but there is none", shown(tenant.name)),
                    "say `sandbox: true` on a provider of each dialect that it speaks");
      }
    }
  }

  ConfigModel& model_;
  ErrorList& errors_;
  NamedSet roles_{"role", errors_};
  NamedSet routes_{"route", errors_};
  NamedSet policy_sets_{"policy set", errors_};
};

}  // namespace

void apply_access_rules(ConfigModel& model, ErrorList& errors) {
  AccessRules(model, errors).apply();
}

}  // namespace headrace::policy::config

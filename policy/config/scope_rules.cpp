
#include <fmt/format.h>

#include "policy/config/config_rules.h"
#include "policy/config/named_set.h"
#include "policy/config/option_table.h"

namespace headrace::policy::config {
namespace {

constexpr std::string_view kDefaultTenant = "default";

// Tenants need not be declared. Where some are, all must be: a name with a slip would otherwise be
// a tenant without any of the limits that its operator wrote.
class ScopeRules {
 public:
  ScopeRules(ConfigModel& model, ErrorList& errors)
      : model_(model), errors_(errors), tenants_must_be_declared_(!model.tenants.empty()) {}

  void apply() {
    for (const OrganisationModel& organisation : model_.organisations)
      organisations_.add(organisation.name);
    for (const TenantModel& tenant : model_.tenants) {
      tenants_.add(tenant.name);
      if (tenant.organisation.given()) organisations_.require(tenant.organisation);
    }
    for (ProjectModel& project : model_.projects) {
      projects_.add(project.name, project.tenant.value);
      settle_tenant(project.tenant, project);
    }
    for (UserModel& user : model_.users) {
      users_.add(user.name, user.tenant.value);
      settle_tenant(user.tenant, user);
    }
    for (KeyModel& key : model_.keys) {
      keys_.add(key.name);
      settle_owner(key);
    }
    for (const PolicySetModel& set : model_.policy_sets) {
      for (const Text& tenant : set.tenants)
        settle_tenant(tenant, set);
      if (set.anonymous.tenant.given()) settle_tenant(set.anonymous.tenant, set.anonymous);
    }
    for (const TokenIssuerModel& issuer : model_.token_issuers) {
      if (issuer.tenant.given()) settle_tenant(issuer.tenant, issuer);
    }
    for (ProviderModel& provider : model_.providers)
      settle_account(provider);
  }

 private:
  // Declares one that is only named, or says that it is not there.
  void settle_tenant(const Text& name, const Record& record) {
    if (name.unknown || tenants_.has(name.value)) return;
    if (tenants_must_be_declared_ && name.value == kDefaultTenant) {
      errors_.add(record.place_of("tenant"),
                  fmt::format("there is no tenant {}, whose all is that names none", shown(name)),
                  "say `tenant: NAME`, or declare it");
      return;
    }
    if (tenants_must_be_declared_) {
      Text missing = name;
      missing.place = record.place_of("tenant");
      tenants_.require(missing);
      return;
    }
    tenants_.add(name);
    TenantModel& added = model_.tenants.emplace_back();
    set_defaults(section_of("tenants"), &added);
    added.name = name;
    added.place = name.place;
  }

  void settle_owner(KeyModel& key) {
    for (const auto& [name, names, option] :
         {Owner{key.project, projects_, "project"}, Owner{key.user, users_, "user"}}) {
      if (!name.given() || !names.require(name)) continue;
      const std::string& tenant = names.tenant_of(name);
      if (!key.tenant.given()) {
        key.tenant.value = tenant;
        key.tenant.place = name.place;
      } else if (!key.tenant.unknown && key.tenant.value != tenant) {
        errors_.add(name.place,
                    fmt::format("key {} and its {} {} are of different tenants", shown(key.name),
                                option, shown(name)),
                    "a key belongs to the tenant of its project and of its user");
      }
    }
    if (!key.tenant.given()) key.tenant.value = kDefaultTenant;
    settle_tenant(key.tenant, key);
  }

  // An exclusive account serves one tenant: the one named, or the only one that there is.
  void settle_account(ProviderModel& provider) {
    const std::string called = "provider " + shown(provider.name);
    if (provider.row.exclusive == Switch::off) {
      if (!provider.tenant.given()) return;
      errors_.add(provider.place_of("tenant"), called + " has a tenant, but is not exclusive",
                  "add `exclusive: true`, or remove it");
      return;
    }
    if (!provider.tenant.given()) {
      if (model_.tenants.size() > 1) {
        errors_.add(
            provider.place_of("exclusive"),
            fmt::format("{} is exclusive, but there are {} tenants", called, model_.tenants.size()),
            "say whose it is: `tenant: NAME`");
        return;
      }
      provider.tenant.value =
          model_.tenants.empty() ? std::string(kDefaultTenant) : model_.tenants[0].name.value;
    }
    settle_tenant(provider.tenant, provider);
  }

  struct Owner {
    const Text& name;
    const NamedSet& names;
    std::string_view option;
  };

  ConfigModel& model_;
  ErrorList& errors_;
  bool tenants_must_be_declared_;
  NamedSet organisations_{"organisation", errors_};
  NamedSet tenants_{"tenant", errors_};
  NamedSet projects_{"project", errors_};
  NamedSet users_{"user", errors_};
  NamedSet keys_{"key", errors_};
};

}  // namespace

void apply_scope_rules(ConfigModel& model, ErrorList& errors) {
  ScopeRules(model, errors).apply();
}

}  // namespace headrace::policy::config

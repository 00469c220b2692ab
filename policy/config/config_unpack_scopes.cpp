// Of who may ask: access, scopes, and what is spent.
#include <string>
#include <utility>

#include "policy/config/config_rules.h"
#include "policy/config/config_unpacker.h"
#include "policy/config/date_text.h"
#include "policy/config/permission_text.h"

namespace headrace::policy::config {

std::vector<Text> Unpacker::ip_names(RowRef set) const {
  std::vector<Text> names;
  for (const std::uint32_t list : view_.ip().lists(set))
    names.push_back(text(view_.ip().lists()[list].name));
  return names;
}

std::vector<Text> Unpacker::denials(RowRange range) const {
  std::vector<Text> list;
  for (const Denial& denial : view_.tokens().denials(range))
    list.push_back(text(denial.text));
  return list;
}

TokenIssuerModel Unpacker::issuer(const TokenIssuer& row) const {
  TokenIssuerModel model;
  model.row = row;
  model.name = text(row.name);
  model.issuer = text(row.issuer);
  model.keys_file = text(row.keys_file);
  if (!row.secret.empty()) model.secret = hidden();
  model.audiences = texts(view_.tokens().audiences(row));
  if (!row.tenant.none()) model.tenant = text(view_.tenants()[row.tenant.row()].name);
  model.tenant_claim = text(row.tenant_claim);
  model.user_claim = text(row.user_claim);
  model.roles_claim = text(row.roles_claim);
  model.denied_ids = denials(row.denied_ids);
  model.denied_subjects = denials(row.denied_subjects);
  model.rights = rights_model(view_.access().rights(row.rights));
  return model;
}

std::vector<Text> Unpacker::permissions(RowRange range) const {
  std::vector<Text> list;
  for (const Permission& row : view_.access().permissions(range))
    list.push_back(plain(permission_text(row.methods, view_.text(row.path))));
  return list;
}

std::vector<Text> Unpacker::role_names(RoleBits bits) const {
  std::vector<Text> names;
  for (const Role& role : view_.access().roles()) {
    if ((bits & 1) != 0) names.push_back(text(role.name));
    bits >>= 1;
  }
  return names;
}

RightsModel Unpacker::rights_model(const Rights& row) const {
  RightsModel model;
  model.models = patterns(row.models);
  for (const EndpointGroup group : kEndpointGroups) {
    if ((row.groups & std::to_underlying(group)) != 0) {
      model.scopes.push_back(plain(to_text(group)));
    }
  }
  for (Text& permission : permissions(row.scopes))
    model.scopes.push_back(std::move(permission));
  for (const std::uint32_t route : view_.access().routes(row))
    model.routes.push_back(text(view_.routes()[route].name));
  model.roles = role_names(row.roles);
  model.ip_allow = ip_names(row.ip_set);
  if (row.expires_at_s != 0) model.expires_at = plain(date_text(row.expires_at_s));
  model.passthrough = row.passthrough;
  model.suspended = row.suspended;
  model.debug = row.debug;
  model.bypass_limits = row.bypass_limits;
  return model;
}

void Unpacker::add_access(ConfigModel& model) const {
  const AccessView& access = view_.access();
  RoleBits own = 1;
  for (const Role& row : access.roles()) {
    RoleModel& role = model.roles.emplace_back();
    role.name = text(row.name);
    role.inherits = role_names(row.with_inherited & ~own);
    role.allow = permissions(row.permissions);
    own <<= 1;
  }
  for (const PolicySet& row : access.policy_sets()) {
    PolicySetModel& set = model.policy_sets.emplace_back();
    set.row = row;
    set.name = text(row.name);
    set.allow = permissions(row.permissions);
    for (const std::uint32_t tenant : access.tenants(row))
      set.tenants.push_back(text(view_.tenants()[tenant].name));
    set.roles = role_names(row.roles);
    for (const SkippedStage stage : kSkippedStages) {
      if ((row.skipped_stages & std::to_underlying(stage)) != 0) {
        set.skip.push_back(plain(to_text(stage)));
      }
    }
    if (!row.anonymous_rights.none()) {
      set.anonymous.tenant = text(view_.tenants()[row.anonymous_tenant].name);
      set.anonymous.rights = rights_model(access.rights(row.anonymous_rights.row()));
    }
  }
}

void Unpacker::add_scopes(ConfigModel& model) const {
  const ScopeView& scopes = view_.scopes();
  for (const Organisation& row : scopes.organisations()) {
    OrganisationModel& organisation = model.organisations.emplace_back();
    organisation.name = text(row.name);
    organisation.quota = quota(row.limits);
  }
  for (const Tenant& row : scopes.tenants()) {
    TenantModel& tenant = model.tenants.emplace_back();
    tenant.row = row;
    tenant.name = text(row.name);
    tenant.time_zone = text(row.time_zone);
    tenant.models = patterns(row.models);
    tenant.ip_allow = ip_names(row.ip_set);
    tenant.organisation = name_of(scopes.organisation(row));
    tenant.quota = quota(row.limits);
  }
  for (const Project& row : scopes.projects()) {
    ProjectModel& project = model.projects.emplace_back();
    project.name = text(row.name);
    project.tenant = text(scopes.tenant(row).name);
    project.quota = quota(row.limits);
  }
  for (const User& row : scopes.users()) {
    UserModel& user = model.users.emplace_back();
    user.name = text(row.name);
    user.tenant = text(scopes.tenant(row).name);
    user.quota = quota(row.limits);
    user.roles = role_names(row.roles);
    user.suspended = row.suspended;
  }
  for (const ApiKey& row : scopes.keys())
    model.keys.push_back(key(row));
}

KeyModel Unpacker::key(const ApiKey& row) const {
  const ScopeView& scopes = view_.scopes();
  KeyModel model;
  model.name = plain(scopes.name(row));
  model.sha256 = plain(digest_text(row.digest));
  model.prefix = plain(scopes.prefix(row));
  model.tenant = text(scopes.tenant(row).name);
  model.project = name_of(scopes.project(row));
  model.user = name_of(scopes.user(row));
  model.rights = rights_model(scopes.rights(row));
  model.quota = quota(row.limits);
  return model;
}

void Unpacker::add_quota(ConfigModel& model) const {
  const QuotaView& quota = view_.quota();
  model.quota.row = quota.settings();
  for (const Plan& row : quota.plans()) {
    PlanModel& plan = model.plans.emplace_back();
    plan.name = text(row.name);
    plan.models = patterns(row.models);
    ScopeQuota rules;
    for (const LimitRule& rule : quota.rules(row))
      add_rule(rules, rule);
    plan.limits = std::move(rules.limits);
    plan.budgets = std::move(rules.budgets);
  }
  for (const Price& row : quota.prices())
    model.prices.push_back(price(row));
  for (const EndpointWeight& row : quota.weights()) {
    WeightModel& weight = model.weights.emplace_back();
    weight.path = text(row.path);
    weight.requests = row.requests;
  }
}

ScopeQuota Unpacker::quota(RowRef limits) const {
  ScopeQuota model;
  const LimitSet* set = view_.quota().set(limits);
  if (set == nullptr) return model;
  if (const Plan* plan = view_.quota().plan(limits)) model.plan = text(plan->name);
  for (const LimitRule& rule : view_.quota().own_rules(*set))
    add_rule(model, rule);
  return model;
}

void Unpacker::add_rule(ScopeQuota& model, const LimitRule& row) const {
  if (row.origin == LimitOrigin::credit) {
    model.credits.emplace_back().micro_usd = row.value;
  } else if (row.origin == LimitOrigin::budget) {
    BudgetModel& budget = model.budgets.emplace_back();
    budget.row = row;
    budget.name = text(row.name);
    for (const std::uint8_t percent : row.warn_percent) {
      if (percent != 0) budget.warn_percent.push_back(plain(std::to_string(percent)));
    }
  } else {
    LimitModel& limit = model.limits.emplace_back();
    limit.row = row;
    limit.name = text(row.name);
    if (row.of_a_model == Switch::on) {
      limit.model = pattern(row.model,
                            row.exact_model == Switch::on ? ModelMatch::exact : ModelMatch::prefix);
    }
  }
}

PriceModel Unpacker::price(const Price& row) const {
  PriceModel model;
  model.row = row;
  model.provider = text(view_.providers()[row.provider].name);
  model.from = text(row.from);
  for (const PriceName& name : view_.quota().names(row)) {
    model.models.push_back(
        pattern(name.model, name.exact == Switch::on ? ModelMatch::exact : ModelMatch::prefix));
  }
  return model;
}

}  // namespace headrace::policy::config

// The part of BaseJudge that looks at rights, roles and policy sets.
#include "policy/config/access_model.h"
#include "policy/config/base_judge.h"
#include "policy/config/path_pattern.h"
#include "policy/config/permission_text.h"

namespace headrace::policy::config {

void BaseJudge::take_access() {
  AccessView& access = view_.scopes_.access_;
  access.strings_ = view_.strings_;
  take(TableKind::rights, access.rights_);
  take(TableKind::model_rules, access.model_rules_);
  take(TableKind::permissions, access.permissions_);
  take(TableKind::roles, access.roles_);
  take(TableKind::policy_sets, access.policy_sets_);
  take(TableKind::tenant_refs, access.tenant_refs_);
  take(TableKind::route_refs, access.route_refs_);
}

void BaseJudge::judge_access() {
  const AccessView& access = view_.scopes_.access_;
  for (const ModelRule& rule : access.model_rules_) {
    text(rule.text);
    value(rule.match, ModelMatch::prefix);
  }
  for (const Permission& permission : access.permissions_) {
    text(permission.path);
    if (!why_.empty()) return;
    if (!permission.path.empty() && judge_path_pattern(view_.text(permission.path))) {
      return refuse("a path pattern is not one");
    }
    if (permission.methods == 0 || permission.methods > kEveryMethod) {
      return refuse("a permission is for no method");
    }
  }
  if (access.roles_.size() > kRolesMax) return refuse("it has too many roles");
  for (const Role& role : access.roles_) {
    text(role.name);
    roles(role.with_inherited);
    range(role.permissions, access.permissions_.size());
  }
  for (const std::uint32_t tenant : access.tenant_refs_)
    index(tenant, view_.scopes_.tenants().size());
  for (const std::uint32_t route : access.route_refs_)
    index(route, view_.routes_.size());
  for (const Rights& rights : access.rights_)
    judge_rights(rights);
  PolicySetModel model;
  for (const PolicySet& set : access.policy_sets_) {
    model.row = set;
    bounds("policy_sets", &model);
    text(set.name);
    range(set.permissions, access.permissions_.size());
    range(set.tenants, access.tenant_refs_.size());
    roles(set.roles);
    reference(set.anonymous_rights, access.rights_.size());
    if (!set.anonymous_rights.none()) {
      index(set.anonymous_tenant, view_.scopes_.tenants().size());
    }
  }
  for (const Listener& listener : view_.listeners_)
    reference(listener.policy_set, access.policy_sets_.size());
}

void BaseJudge::judge_rights(const Rights& rights) {
  const AccessView& access = view_.scopes_.access_;
  reference(rights.ip_set, view_.ip_.sets_.size());
  range(rights.models, access.model_rules_.size());
  range(rights.scopes, access.permissions_.size());
  range(rights.routes, access.route_refs_.size());
  roles(rights.roles);
  flag(rights.passthrough);
  flag(rights.suspended);
  flag(rights.debug);
  flag(rights.bypass_limits);
}

void BaseJudge::roles(RoleBits bits) {
  const std::size_t count = view_.scopes_.access_.roles_.size();
  if (count < kRolesMax && bits >> count != 0) refuse("a role is not there");
}

}  // namespace headrace::policy::config

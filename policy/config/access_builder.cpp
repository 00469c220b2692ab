#include "policy/config/access_builder.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/check.h"
#include "policy/config/model_pattern.h"
#include "policy/config/permission_text.h"
#include "policy/config/role_bits.h"

namespace headrace::policy::config {
namespace {

template <class Row>
std::uint32_t count_of(const std::vector<Row>& rows) {
  return static_cast<std::uint32_t>(rows.size());
}

// All that some rights say, as one text: lists are told apart by what stands between them.
std::string signature_of(const RightsEntry& entry) {
  std::string text;
  for (const auto* list :
       {&entry.models, &entry.scopes, &entry.routes, &entry.roles, &entry.ip_allow}) {
    for (const std::string_view each : *list)
      text.append(each).push_back('\n');
    text.push_back('\0');
  }
  const std::uint64_t numbers[] = {entry.expires_at_s, std::to_underlying(entry.passthrough),
                                   std::to_underlying(entry.suspended),
                                   std::to_underlying(entry.debug),
                                   std::to_underlying(entry.bypass_limits)};
  return text.append(reinterpret_cast<const char*>(numbers), sizeof numbers);
}

}  // namespace

std::vector<std::string_view> views_of(const std::vector<Text>& texts) {
  std::vector<std::string_view> views;
  for (const Text& text : texts)
    views.push_back(text.value);
  return views;
}

void AccessBuilder::add_roles(const ConfigModel& model) {
  const std::vector<RoleBits> inherited = inherited_roles(model.roles);
  for (std::size_t i = 0; i < model.roles.size(); ++i) {
    Role row{};
    row.name = strings_.intern(model.roles[i].name.value);
    row.with_inherited = inherited[i] | RoleBits{1} << i;
    row.permissions = add_permissions(views_of(model.roles[i].allow));
    roles_.push_back(row);
    role_bits_.emplace(model.roles[i].name.value, row.with_inherited);
  }
  for (std::uint32_t i = 0; i < model.routes.size(); ++i) {
    const std::string& name = model.routes[i].name.value;
    if (!name.empty()) route_indexes_.emplace(name, i);
  }
}

RoleBits AccessBuilder::role_bits(const std::vector<std::string_view>& names) const {
  RoleBits bits = 0;
  for (const std::string_view name : names) {
    const auto found = role_bits_.find(name);
    HEADRACE_CHECK(found != role_bits_.end());
    bits |= found->second;
  }
  return bits;
}

std::uint32_t AccessBuilder::rights_index(const RightsModel& model) {
  return rights_index(RightsEntry{.models = views_of(model.models),
                                  .scopes = views_of(model.scopes),
                                  .routes = views_of(model.routes),
                                  .roles = views_of(model.roles),
                                  .ip_allow = views_of(model.ip_allow),
                                  .expires_at_s = model.expires_at_s,
                                  .passthrough = model.passthrough,
                                  .suspended = model.suspended,
                                  .debug = model.debug,
                                  .bypass_limits = model.bypass_limits});
}

std::uint32_t AccessBuilder::rights_index(const RightsEntry& entry) {
  std::string signature = signature_of(entry);
  if (const auto known = rights_indexes_.find(signature); known != rights_indexes_.end()) {
    return known->second;
  }
  Rights row{};
  row.models = add_model_rules(entry.models);
  std::vector<std::string_view> permissions;
  for (const std::string_view scope : entry.scopes) {
    if (const auto group = parse_group(scope)) {
      row.groups = static_cast<std::uint8_t>(row.groups | std::to_underlying(*group));
    } else {
      permissions.push_back(scope);
    }
  }
  row.scopes = add_permissions(permissions);
  row.routes = {count_of(route_refs_), static_cast<std::uint32_t>(entry.routes.size())};
  for (const std::string_view route : entry.routes) {
    const auto found = route_indexes_.find(route);
    HEADRACE_CHECK(found != route_indexes_.end());
    route_refs_.push_back(found->second);
  }
  row.roles = role_bits(entry.roles);
  row.ip_set = ip_.set(entry.ip_allow);
  row.expires_at_s = entry.expires_at_s;
  row.passthrough = entry.passthrough;
  row.suspended = entry.suspended;
  row.debug = entry.debug;
  row.bypass_limits = entry.bypass_limits;
  rights_indexes_.emplace(std::move(signature), count_of(rights_));
  rights_.push_back(row);
  return count_of(rights_) - 1;
}

RowRange AccessBuilder::add_permissions(const std::vector<std::string_view>& texts) {
  const RowRange range{count_of(permissions_), static_cast<std::uint32_t>(texts.size())};
  for (const std::string_view text : texts) {
    const auto parsed = parse_permission(text);
    HEADRACE_CHECK(parsed.has_value());
    Permission row{};
    row.path = strings_.intern(parsed->path);
    row.methods = parsed->methods;
    permissions_.push_back(row);
  }
  return range;
}

RowRange AccessBuilder::add_model_rules(const std::vector<std::string_view>& models) {
  if (models.empty()) return {};
  // Many have the same list: it is kept once.
  std::string signature;
  for (const std::string_view model : models)
    signature.append(model).append("\n");
  const auto [known, is_new] = model_rule_ranges_.try_emplace(
      std::move(signature),
      RowRange{count_of(model_rules_), static_cast<std::uint32_t>(models.size())});
  if (!is_new) return known->second;
  for (const std::string_view model : models) {
    const ModelPatternText pattern = model_pattern(model);
    ModelRule rule{};
    rule.text = strings_.intern(pattern.text);
    rule.match = pattern.match;
    model_rules_.push_back(rule);
  }
  return known->second;
}

void AccessBuilder::add_policy_set(const PolicySetModel& set, std::vector<std::uint32_t> tenants,
                                   RowRef anonymous_tenant) {
  PolicySet row = set.row;
  row.name = strings_.intern(set.name.value);
  row.permissions = add_permissions(views_of(set.allow));
  std::ranges::sort(tenants);
  row.tenants = {count_of(tenant_refs_), count_of(tenants)};
  tenant_refs_.insert(tenant_refs_.end(), tenants.begin(), tenants.end());
  for (std::uint32_t i = 0; i < roles_.size(); ++i) {
    const bool asked = std::ranges::any_of(
        set.roles, [&](const Text& name) { return name.value == strings_.text(roles_[i].name); });
    if (asked) row.roles |= RoleBits{1} << i;
  }
  for (const Text& stage : set.skip) {
    const auto skipped = parse_skipped_stage(stage.value);
    HEADRACE_CHECK(skipped.has_value());
    row.skipped_stages =
        static_cast<std::uint8_t>(row.skipped_stages | std::to_underlying(*skipped));
  }
  if (!anonymous_tenant.none()) {
    row.anonymous_tenant = anonymous_tenant.row();
    row.anonymous_rights = RowRef::to(rights_index(set.anonymous.rights));
  }
  policy_set_indexes_.emplace(set.name.value, count_of(policy_sets_));
  policy_sets_.push_back(row);
}

RowRef AccessBuilder::policy_set(std::string_view name) const {
  if (name.empty()) return {};
  const auto found = policy_set_indexes_.find(name);
  HEADRACE_CHECK(found != policy_set_indexes_.end());
  return RowRef::to(found->second);
}

void AccessBuilder::finish(core::BlobBuilder& blob) {
  const auto add_table = [&]<class Row>(TableKind kind, const std::vector<Row>& rows) {
    blob.add_table(static_cast<std::uint32_t>(kind), kTableVersion, std::span<const Row>(rows));
  };
  add_table(TableKind::rights, rights_);
  add_table(TableKind::model_rules, model_rules_);
  add_table(TableKind::permissions, permissions_);
  add_table(TableKind::roles, roles_);
  add_table(TableKind::policy_sets, policy_sets_);
  add_table(TableKind::tenant_refs, tenant_refs_);
  add_table(TableKind::route_refs, route_refs_);
}

}  // namespace headrace::policy::config

// The part of BaseJudge that looks at limits and prices.
#include <algorithm>

#include "core/limits/permit.h"
#include "policy/config/base_judge.h"
#include "policy/config/option_sections.h"
#include "policy/config/path_pattern.h"
#include "policy/config/quota_model.h"
#include "policy/config/quota_names.h"

namespace headrace::policy::config {

void BaseJudge::take_quota() {
  QuotaView& quota = view_.quota_;
  quota.strings_ = view_.strings_;
  take(TableKind::plans, quota.plans_);
  take(TableKind::limit_sets, quota.limit_sets_);
  take(TableKind::limit_rules, quota.limit_rules_);
  take(TableKind::prices, quota.prices_);
  take(TableKind::price_names, quota.price_names_);
  take(TableKind::price_slots, quota.price_slots_);
  take(TableKind::price_patterns, quota.price_patterns_);
  take(TableKind::endpoint_weights, quota.weights_);
  take(TableKind::zones, quota.zones_);
  take(TableKind::zone_offsets, quota.zone_offsets_);
  std::span<const QuotaSettings> settings;
  take(TableKind::quota_settings, settings);
  if (settings.size() != 1) return refuse("it has no settings of limits");
  quota.settings_ = settings.data();
}

// Before scopes, which point to limits and zones.
void BaseJudge::judge_quota() {
  const QuotaView& quota = view_.quota_;
  QuotaModel settings;
  settings.row = *quota.settings_;
  bounds("quota", &settings);
  for (const Plan& plan : quota.plans_) {
    text(plan.name);
    range(plan.models, view_.scopes_.access_.model_rules_.size());
    range(plan.rules, quota.limit_rules_.size());
  }
  for (const LimitSet& set : quota.limit_sets_) {
    range(set.rules, quota.limit_rules_.size());
    range(set.own, quota.limit_rules_.size());
    reference(set.plan, quota.plans_.size());
    if (set.rules.count > core::kDemandsMax) refuse("a scope has too many limits");
  }
  for (const LimitRule& rule : quota.limit_rules_)
    judge_rule(rule);
  for (const EndpointWeight& weight : quota.weights_) {
    text(weight.path);
    if (!why_.empty()) return;
    if (judge_path_pattern(view_.text(weight.path))) refuse("a path pattern is not one");
  }
  for (const Zone& zone : quota.zones_) {
    text(zone.name);
    range(zone.offsets, quota.zone_offsets_.size());
  }
  judge_prices();
}

void BaseJudge::judge_rule(const LimitRule& rule) {
  text(rule.name);
  text(rule.model);
  flag(rule.of_a_model);
  flag(rule.exact_model);
  value(rule.origin, LimitOrigin::credit);
  LimitModel model;
  model.row = rule;
  if (first_out_of_bounds(kLimitSection, &model) != nullptr) {
    refuse("a number is out of its bounds");
  }
}

void BaseJudge::judge_prices() {
  const QuotaView& quota = view_.quota_;
  for (const Price& price : quota.prices_) {
    PriceModel model;
    model.row = price;
    bounds("prices", &model);
    text(price.from);
    range(price.names, quota.price_names_.size());
    index(price.provider, view_.providers_.size());
  }
  slots(quota.price_slots_, quota.price_names_.size());
  for (const PriceName& name : quota.price_names_) {
    text(name.model);
    flag(name.exact);
    index(name.price, quota.prices_.size());
    reference(name.older, quota.price_names_.size());
    if (!why_.empty()) return;
    // So that a walk from newer to older ends.
    if (name.older.none()) continue;
    const PriceName& older = quota.price_names_[name.older.row()];
    index(older.price, quota.prices_.size());
    if (!why_.empty()) return;
    if (quota.prices_[older.price].from_unix_seconds >=
        quota.prices_[name.price].from_unix_seconds) {
      return refuse("an older price is not older");
    }
  }
  if (quota.price_patterns_.size() > kPricePatternsMax) refuse("it has too many price patterns");
  for (const std::uint32_t pattern : quota.price_patterns_)
    index(pattern, quota.price_names_.size());
}

}  // namespace headrace::policy::config

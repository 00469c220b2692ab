#include "policy/config/quota_builder.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/check.h"
#include "core/hash.h"
#include "policy/config/model_pattern.h"
#include "policy/config/quota_names.h"
#include "policy/config/slot_table.h"

namespace headrace::policy::config {
namespace {

template <class Row>
std::uint32_t count_of(const std::vector<Row>& rows) {
  return static_cast<std::uint32_t>(rows.size());
}

template <class Row>
std::string_view bytes_of(std::span<const Row> rows) {
  return {reinterpret_cast<const char*>(rows.data()), rows.size_bytes()};
}

// Whether a scope's own rule stands in the place of one of its plan.
bool replaces(const LimitRule& own, const LimitRule& planned) {
  return own.origin == planned.origin && own.measure == planned.measure &&
         own.period == planned.period && own.each == planned.each &&
         own.of_a_model == planned.of_a_model && own.exact_model == planned.exact_model &&
         own.model.offset == planned.model.offset && own.model.bytes == planned.model.bytes;
}

}  // namespace

void QuotaBuilder::add(const ConfigModel& model, const AddModelRules& add_model_rules) {
  for (const PlanModel& plan : model.plans) {
    std::vector<LimitRule> rules;
    for (const LimitModel& limit : plan.limits)
      rules.push_back(rule(limit));
    for (const BudgetModel& budget : plan.budgets)
      rules.push_back(rule(budget));
    plan_indexes_.emplace(plan.name.value, count_of(plans_));
    plans_.push_back({.name = strings_.intern(plan.name.value),
                      .models = add_model_rules(plan.models),
                      .rules = add_rules(rules)});
  }
  for (const ZoneModel& zone : model.zones) {
    zone_indexes_.emplace(zone.name, count_of(zones_));
    zones_.push_back(
        {.name = strings_.intern(zone.name),
         .offsets = {count_of(zone_offsets_), static_cast<std::uint32_t>(zone.offsets.size())}});
    for (const core::ZoneOffset& offset : zone.offsets) {
      zone_offsets_.push_back({.from_unix_seconds = offset.from_unix_seconds,
                               .offset_seconds = offset.offset_seconds,
                               .reserved = {}});
    }
  }
  for (const WeightModel& weight : model.weights) {
    weights_.push_back({.path = strings_.intern(weight.path.value), .requests = weight.requests});
  }
  settings_.push_back(model.quota.row);
  const bool by_tier = std::ranges::any_of(model.prices, [](const PriceModel& price) {
    return price.row.service_tier != ServiceTier::standard;
  });
  settings_.back().prices_by_tier = by_tier ? Switch::on : Switch::off;
}

LimitRule QuotaBuilder::rule(const LimitModel& limit) {
  LimitRule row = limit.row;
  row.name = strings_.intern(limit.name.value);
  if (!limit.model.value.empty()) {
    const ModelPatternText pattern = model_pattern(limit.model.value);
    row.model = strings_.intern(pattern.text);
    row.of_a_model = Switch::on;
    row.exact_model = pattern.match == ModelMatch::exact ? Switch::on : Switch::off;
  }
  sign(row);
  return row;
}

LimitRule QuotaBuilder::rule(const BudgetModel& budget) {
  LimitRule row = budget.row;
  row.name = strings_.intern(budget.name.value);
  sign(row);
  return row;
}

LimitRule QuotaBuilder::rule(const std::vector<CreditModel>& credits) {
  LimitRule row{};
  row.origin = LimitOrigin::credit;
  row.measure = LimitMeasure::micro_usd;
  row.period = LimitPeriod::total;
  row.name = strings_.intern(usual_name(row));
  for (const CreditModel& credit : credits)
    row.value += credit.micro_usd;
  sign(row);
  return row;
}

// Value, burst, name and action are no part of it: who changes them does not begin anew.
void QuotaBuilder::sign(LimitRule& rule) const {
  std::string said;
  for (const auto part :
       {static_cast<std::uint8_t>(rule.measure), static_cast<std::uint8_t>(rule.period),
        static_cast<std::uint8_t>(is_bucket(rule)), static_cast<std::uint8_t>(rule.origin),
        static_cast<std::uint8_t>(rule.each), static_cast<std::uint8_t>(rule.of_a_model),
        static_cast<std::uint8_t>(rule.exact_model)}) {
    said += static_cast<char>(part);
  }
  said += strings_.text(rule.model);
  rule.signature = core::hash64(std::string_view(said));
}

RowRange QuotaBuilder::add_rules(std::span<const LimitRule> rules) {
  if (rules.empty()) return {};
  const auto [known, is_new] = rule_ranges_.try_emplace(
      std::string(bytes_of(rules)),
      RowRange{count_of(limit_rules_), static_cast<std::uint32_t>(rules.size())});
  if (is_new) limit_rules_.insert(limit_rules_.end(), rules.begin(), rules.end());
  return known->second;
}

RowRef QuotaBuilder::limit_set(const ScopeQuota& quota) {
  if (quota.empty()) return {};
  std::vector<LimitRule> own;
  for (const LimitModel& limit : quota.limits)
    own.push_back(rule(limit));
  for (const BudgetModel& budget : quota.budgets)
    own.push_back(rule(budget));
  if (!quota.credits.empty()) own.push_back(rule(quota.credits));

  LimitSet row{};
  std::vector<LimitRule> all;
  if (!quota.plan.value.empty()) {
    const auto plan = plan_indexes_.find(quota.plan.value);
    HEADRACE_CHECK(plan != plan_indexes_.end());
    row.plan = RowRef::to(plan->second);
    const RowRange planned = plans_[plan->second].rules;
    for (const LimitRule& rule : std::span(limit_rules_).subspan(planned.first, planned.count)) {
      const bool replaced =
          std::ranges::any_of(own, [&](const LimitRule& mine) { return replaces(mine, rule); });
      if (!replaced) all.push_back(rule);
    }
  }
  std::ranges::copy_if(own, std::back_inserter(all),
                       [](const LimitRule& rule) { return rule.unlimited == Switch::off; });
  std::erase_if(all, [](const LimitRule& rule) { return rule.unlimited == Switch::on; });
  row.own = add_rules(own);
  row.rules = add_rules(all);
  const auto [known, is_new] = set_indexes_.try_emplace(
      std::string(bytes_of(std::span<const LimitSet>(&row, 1))), count_of(limit_sets_));
  if (is_new) limit_sets_.push_back(row);
  return RowRef::to(known->second);
}

RowRef QuotaBuilder::zone(std::string_view name) const {
  const auto known = zone_indexes_.find(name);
  return known == zone_indexes_.end() ? RowRef{} : RowRef::to(known->second);
}

// --- prices --------------------------------------------------------------------------------------

void QuotaBuilder::add_prices(const ConfigModel& model,
                              const std::vector<std::string>& provider_names) {
  for (const PriceModel& price : model.prices) {
    const auto provider = std::ranges::find(provider_names, price.provider.value);
    HEADRACE_CHECK(provider != provider_names.end());
    Price row = price.row;
    row.provider = static_cast<std::uint32_t>(provider - provider_names.begin());
    row.from = strings_.intern(price.from.value);
    row.names = {count_of(price_names_), static_cast<std::uint32_t>(price.models.size())};
    row.version = core::hash64(
        bytes_of(std::span<const PriceRates>(&row.rates, 1)),
        core::hash64(price.provider.value, static_cast<std::uint64_t>(row.from_unix_seconds)));
    row.version += static_cast<std::uint64_t>(row.service_tier);
    for (const Text& text : price.models) {
      const ModelPatternText pattern = model_pattern(text.value);
      PriceName name{};
      name.model = strings_.intern(pattern.text);
      name.price = count_of(prices_);
      name.exact = pattern.match == ModelMatch::exact ? Switch::on : Switch::off;
      price_names_.push_back(name);
    }
    prices_.push_back(row);
  }
  link_prices();
}

// The newest name of each model goes into the look-up tables, the others behind it.
void QuotaBuilder::link_prices() {
  struct Key {
    std::uint32_t provider;
    bool exact;
    std::string_view model;
    ServiceTier tier;
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, std::vector<std::uint32_t>> models;
  for (std::uint32_t i = 0; i < price_names_.size(); ++i) {
    const PriceName& name = price_names_[i];
    const Price& price = prices_[name.price];
    models[{price.provider, name.exact == Switch::on, strings_.text(name.model),
            price.service_tier}]
        .push_back(i);
  }
  price_slots_.assign(slots_for(price_names_.size()), {});
  for (auto& [key, names] : models) {
    std::ranges::sort(names, std::ranges::greater{}, [&](std::uint32_t name) {
      return prices_[price_names_[name].price].from_unix_seconds;
    });
    for (std::size_t i = 0; i + 1 < names.size(); ++i)
      price_names_[names[i]].older = RowRef::to(names[i + 1]);
    if (key.exact) {
      insert_into_slots(price_slots_, price_hash(key.provider, key.model), names.front());
    } else {
      price_patterns_.push_back(names.front());
    }
  }
  // The longest first. Of two as long at most one fits a model; they stand as in the config.
  std::ranges::sort(price_patterns_, [&](std::uint32_t one, std::uint32_t other) {
    const auto bytes = price_names_[one].model.bytes;
    const auto other_bytes = price_names_[other].model.bytes;
    return bytes != other_bytes ? bytes > other_bytes : one < other;
  });
}

void QuotaBuilder::finish(core::BlobBuilder& blob) {
  const auto add_table = [&]<class Row>(TableKind kind, const std::vector<Row>& rows) {
    blob.add_table(static_cast<std::uint32_t>(kind), kTableVersion, std::span<const Row>(rows));
  };
  add_table(TableKind::plans, plans_);
  add_table(TableKind::limit_sets, limit_sets_);
  add_table(TableKind::limit_rules, limit_rules_);
  add_table(TableKind::prices, prices_);
  add_table(TableKind::price_names, price_names_);
  add_table(TableKind::price_slots, price_slots_);
  add_table(TableKind::price_patterns, price_patterns_);
  add_table(TableKind::endpoint_weights, weights_);
  add_table(TableKind::quota_settings, settings_);
  add_table(TableKind::zones, zones_);
  add_table(TableKind::zone_offsets, zone_offsets_);
}

}  // namespace headrace::policy::config

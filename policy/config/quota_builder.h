// Lays out how much may be asked for and what it costs (quota_layout.h). A part of BaseBuilder.
//
// What goes in was judged before (quota_rules.cpp).
//
// Threads: owned by one thread. Invariants: the same calls give the same bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base_blob.h"
#include "policy/config/base_layout.h"
#include "policy/config/config_model.h"
#include "policy/config/string_heap.h"

namespace headrace::policy::config {

class QuotaBuilder {
 public:
  explicit QuotaBuilder(StringHeap& strings) : strings_(strings) {}

  using AddModelRules = std::function<RowRange(const std::vector<Text>& models)>;
  // Once, before scopes are added.
  void add(const ConfigModel& model, const AddModelRules& add_model_rules);
  // Once, when providers have their places.
  void add_prices(const ConfigModel& model, const std::vector<std::string>& provider_names);
  // What holds for a scope; none where it has nothing of it. Kept once for all that have the same.
  RowRef limit_set(const ScopeQuota& quota);
  [[nodiscard]] RowRef zone(std::string_view name) const;
  // The tables; they must stay where they are until the blob is finished.
  void finish(core::BlobBuilder& blob);

 private:
  [[nodiscard]] LimitRule rule(const LimitModel& limit);
  [[nodiscard]] LimitRule rule(const BudgetModel& budget);
  [[nodiscard]] LimitRule rule(const std::vector<CreditModel>& credits);
  void sign(LimitRule& rule) const;
  RowRange add_rules(std::span<const LimitRule> rules);
  void link_prices();

  StringHeap& strings_;
  TextMap<std::uint32_t> plan_indexes_;
  TextMap<RowRange> rule_ranges_;       // by the bytes of the rows
  TextMap<std::uint32_t> set_indexes_;  // by the bytes of the row
  TextMap<std::uint32_t> zone_indexes_;

  std::vector<Plan> plans_;
  std::vector<LimitSet> limit_sets_;
  std::vector<LimitRule> limit_rules_;
  std::vector<Price> prices_;
  std::vector<PriceName> price_names_;
  std::vector<HashSlot> price_slots_;
  std::vector<std::uint32_t> price_patterns_;
  std::vector<EndpointWeight> weights_;
  std::vector<QuotaSettings> settings_;
  std::vector<Zone> zones_;
  std::vector<ZoneOffsetRow> zone_offsets_;
};

}  // namespace headrace::policy::config

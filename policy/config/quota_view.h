// How much may be asked for and what it costs, of an opened config base (quota_layout.h).
//
// Threads, lifetime: as ConfigView, of which it is a part. Invariants: judged by BaseJudge.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "policy/config/base_layout.h"

namespace headrace::policy::config {

class QuotaView {
 public:
  [[nodiscard]] std::span<const Plan> plans() const { return plans_; }
  [[nodiscard]] std::span<const Price> prices() const { return prices_; }
  [[nodiscard]] std::span<const EndpointWeight> weights() const { return weights_; }
  [[nodiscard]] const QuotaSettings& settings() const { return *settings_; }
  [[nodiscard]] std::span<const LimitRule> all_rules() const { return limit_rules_; }

  // The set that a scope points to, or nullptr.
  [[nodiscard]] const LimitSet* set(RowRef ref) const {
    return ref.none() ? nullptr : &limit_sets_[ref.row()];
  }
  // All that hold.
  [[nodiscard]] std::span<const LimitRule> rules(RowRef set) const {
    return set.none() ? std::span<const LimitRule>() : rows(limit_sets_[set.row()].rules);
  }
  [[nodiscard]] std::span<const LimitRule> own_rules(const LimitSet& set) const {
    return rows(set.own);
  }
  [[nodiscard]] std::span<const LimitRule> rules(const Plan& plan) const {
    return rows(plan.rules);
  }
  // The plan of a scope that points to this set, or nullptr.
  [[nodiscard]] const Plan* plan(RowRef set) const {
    if (set.none() || limit_sets_[set.row()].plan.none()) return nullptr;
    return &plans_[limit_sets_[set.row()].plan.row()];
  }
  [[nodiscard]] bool counts(const LimitRule& rule, std::string_view model) const {
    if (rule.of_a_model == Switch::off) return true;
    return rule.exact_model == Switch::on ? model == text(rule.model)
                                          : model.starts_with(text(rule.model));
  }

  // For how many requests one counts; `path` without query.
  [[nodiscard]] std::uint64_t weight(std::string_view path) const;

  // What a provider's model costs at a moment, or nullptr: nobody said. Where nobody said it of a
  // tier, that is what it costs in the standard one.
  [[nodiscard]] const Price* find_price(std::uint32_t provider, std::string_view model,
                                        std::int64_t unix_seconds,
                                        ServiceTier tier = ServiceTier::standard) const;
  [[nodiscard]] std::span<const PriceName> names(const Price& price) const {
    return price_names_.subspan(price.names.first, price.names.count);
  }

  // Where days begin; empty: UTC.
  [[nodiscard]] std::span<const ZoneOffsetRow> zone(RowRef zone) const;

 private:
  friend class BaseJudge;

  [[nodiscard]] std::string_view text(TextRef ref) const {
    return {strings_.data() + ref.offset, ref.bytes};
  }
  [[nodiscard]] std::span<const LimitRule> rows(RowRange range) const {
    return limit_rules_.subspan(range.first, range.count);
  }
  [[nodiscard]] const Price* find_price_of_tier(std::uint32_t provider, std::string_view model,
                                                std::int64_t unix_seconds, ServiceTier tier) const;
  [[nodiscard]] const Price* begun(const PriceName* name, std::int64_t unix_seconds) const;

  std::span<const char> strings_;
  std::span<const Plan> plans_;
  std::span<const LimitSet> limit_sets_;
  std::span<const LimitRule> limit_rules_;
  std::span<const Price> prices_;
  std::span<const PriceName> price_names_;
  std::span<const HashSlot> price_slots_;
  std::span<const std::uint32_t> price_patterns_;
  std::span<const EndpointWeight> weights_;
  const QuotaSettings* settings_ = nullptr;
  std::span<const Zone> zones_;
  std::span<const ZoneOffsetRow> zone_offsets_;
};

}  // namespace headrace::policy::config

#include "policy/price/target_prices.h"

#include <algorithm>
#include <span>

namespace headrace::policy {

namespace {

// But for what the provider does by itself: that has no bound.
void raise_each(PriceRates& rates, const PriceRates& other) {
  constexpr std::uint64_t PriceRates::* kRates[] = {
      &PriceRates::in_fresh,          &PriceRates::in_cache_read, &PriceRates::in_cache_write_5m,
      &PriceRates::in_cache_write_1h, &PriceRates::in_audio,      &PriceRates::in_image,
      &PriceRates::out_text,          &PriceRates::out_reasoning, &PriceRates::out_audio,
      &PriceRates::out_image,         &PriceRates::request};
  for (const auto rate : kRates)
    rates.*rate = std::max(rates.*rate, other.*rate);
}

}  // namespace

const config::Price* TargetPrices::of(const config::Target& target, std::string_view model,
                                      ServiceTier tier) const {
  const std::string_view own = view_->text(target.model);
  return view_->quota().find_price(target.provider, own.empty() ? model : own, unix_seconds_, tier);
}

void TargetPrices::raise(PriceRates& rates, const config::Target& target, std::string_view model,
                         const config::Price& standard) const {
  raise_each(rates, standard.rates);
  if (view_->quota().settings().prices_by_tier == config::Switch::off) return;
  for (const ServiceTier tier : std::span(kServiceTiers).subspan<1>())
    raise_each(rates, of(target, model, tier)->rates);
}

TierPriceRows TargetPrices::tiers(const config::Target& target, std::string_view model) const {
  TierPriceRows rows{};
  const config::QuotaView& quota = view_->quota();
  if (quota.settings().prices_by_tier == config::Switch::off) return rows;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const config::Price* price = of(target, model, kServiceTiers[i + 1]);
    if (price != nullptr) rows[i] = static_cast<std::uint32_t>(price - quota.prices().data()) + 1;
  }
  return rows;
}

const config::Price* price_in_tier(const config::QuotaView& quota, const config::Price* standard,
                                   const TierPriceRows& rows, std::string_view said) {
  const auto tier = static_cast<std::size_t>(service_tier_of(said));
  if (standard == nullptr || tier == 0 || rows[tier - 1] == 0) return standard;
  return &quota.prices()[rows[tier - 1] - 1];
}

}  // namespace headrace::policy

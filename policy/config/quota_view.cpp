#include "policy/config/quota_view.h"

#include "policy/config/path_pattern.h"
#include "policy/config/slot_table.h"

namespace headrace::policy::config {

std::uint64_t QuotaView::weight(std::string_view path) const {
  if (weights_.empty() || !is_unambiguous_path(path)) return 1;
  for (const EndpointWeight& weight : weights_) {
    if (path_matches(text(weight.path), path)) return weight.requests;
  }
  return 1;
}

const Price* QuotaView::begun(const PriceName* name, std::int64_t unix_seconds) const {
  while (prices_[name->price].from_unix_seconds > unix_seconds) {
    if (name->older.none()) return nullptr;
    name = &price_names_[name->older.row()];
  }
  return &prices_[name->price];
}

const Price* QuotaView::find_price(std::uint32_t provider, std::string_view model,
                                   std::int64_t unix_seconds, ServiceTier tier) const {
  const Price* price = find_price_of_tier(provider, model, unix_seconds, tier);
  if (price != nullptr || tier == ServiceTier::standard) return price;
  return find_price_of_tier(provider, model, unix_seconds, ServiceTier::standard);
}

const Price* QuotaView::find_price_of_tier(std::uint32_t provider, std::string_view model,
                                           std::int64_t unix_seconds, ServiceTier tier) const {
  const PriceName* name = find_in_slots(
      price_slots_, price_names_, price_hash(provider, model), [&](const PriceName& row) {
        const Price& price = prices_[row.price];
        return price.provider == provider && price.service_tier == tier && text(row.model) == model;
      });
  if (name != nullptr) {
    if (const Price* price = begun(name, unix_seconds)) return price;
  }
  for (const std::uint32_t at : price_patterns_) {
    const PriceName& pattern = price_names_[at];
    const Price& priced = prices_[pattern.price];
    if (priced.provider != provider || priced.service_tier != tier) continue;
    if (!model.starts_with(text(pattern.model))) continue;
    if (const Price* price = begun(&pattern, unix_seconds)) return price;
  }
  return nullptr;
}

std::span<const ZoneOffsetRow> QuotaView::zone(RowRef zone) const {
  if (zone.none()) return {};
  const RowRange offsets = zones_[zone.row()].offsets;
  return zone_offsets_.subspan(offsets.first, offsets.count);
}

}  // namespace headrace::policy::config

// What the models of a route's targets cost, by the config that a request is served with and at the
// moment of asking.
//
// A target that names no model serves the one that was asked for.
// Threads: pure.  Lifetime: of the view; prices are rows of it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "policy/config/config_view.h"
#include "policy/price/price_rates.h"
#include "policy/price/service_tier.h"

namespace headrace::policy {

// The rows of the tiers beyond the standard one, by number plus one; 0: they cost what that does.
using TierPriceRows = std::array<std::uint32_t, kServiceTiers.size() - 1>;

class TargetPrices {
 public:
  TargetPrices(const config::ConfigView& view, std::int64_t unix_seconds)
      : view_(&view), unix_seconds_(unix_seconds) {}

  // Null: nobody said what it costs.
  [[nodiscard]] const config::Price* of(const config::Target& target, std::string_view model,
                                        ServiceTier tier = ServiceTier::standard) const;

  // For a target with a price, `standard`: `rates` become at least what its model costs in the
  // dearest tier. In which one it will be served only the answer says.
  void raise(PriceRates& rates, const config::Target& target, std::string_view model,
             const config::Price& standard) const;

  // For later, when the model's name is gone.
  [[nodiscard]] TierPriceRows tiers(const config::Target& target, std::string_view model) const;

 private:
  const config::ConfigView* view_;
  std::int64_t unix_seconds_;
};

// The price by the tier that an answer says it was served in; `standard` where it has none apart.
[[nodiscard]] const config::Price* price_in_tier(const config::QuotaView& quota,
                                                 const config::Price* standard,
                                                 const TierPriceRows& rows, std::string_view said);

}  // namespace headrace::policy

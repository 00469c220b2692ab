// The tier in which a provider served a request, as far as prices tell tiers apart. What counts is
// what the answer says, not what was asked for.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace headrace::policy {

// The numbers stand in config bases: never renumber.
enum class ServiceTier : std::uint8_t { standard, flex, priority, scale, batch };

inline constexpr std::array<std::string_view, 5> kServiceTierNames = {"standard", "flex",
                                                                      "priority", "scale", "batch"};
inline constexpr std::array kServiceTiers = {ServiceTier::standard, ServiceTier::flex,
                                             ServiceTier::priority, ServiceTier::scale,
                                             ServiceTier::batch};
static_assert(kServiceTierNames.size() == kServiceTiers.size());

// Of an answer's `service_tier`. OpenAI calls the usual one "default", Anthropic "standard"; what
// is not known is taken for it.
[[nodiscard]] constexpr ServiceTier service_tier_of(std::string_view said) {
  for (const ServiceTier tier : kServiceTiers) {
    if (kServiceTierNames[static_cast<std::size_t>(tier)] == said) return tier;
  }
  return ServiceTier::standard;
}

}  // namespace headrace::policy

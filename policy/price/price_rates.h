// What one model of one provider costs, by what it reads and writes.
//
// Prices are whole micro-USD: for tokens per million of them, so that the cheapest price that
// providers publish has three digits; for everything else per piece. No floating point anywhere.
#pragma once

#include <cstdint>

namespace headrace::policy {

// Beyond any price that there is: a million dollars for a million tokens.
inline constexpr std::uint64_t kRateMicroUsdMax = 1'000'000'000'000;

struct PriceRates {
  // Micro-USD for a million tokens.
  std::uint64_t in_fresh = 0;
  std::uint64_t in_cache_read = 0;
  std::uint64_t in_cache_write_5m = 0;
  std::uint64_t in_cache_write_1h = 0;
  std::uint64_t in_audio = 0;
  std::uint64_t in_image = 0;
  std::uint64_t out_text = 0;
  std::uint64_t out_reasoning = 0;
  std::uint64_t out_audio = 0;
  std::uint64_t out_image = 0;
  // Micro-USD for one.
  std::uint64_t request = 0;
  std::uint64_t web_search = 0;
  std::uint64_t web_fetch = 0;
  std::uint64_t audio_second = 0;

  friend bool operator==(const PriceRates&, const PriceRates&) = default;
};

}  // namespace headrace::policy

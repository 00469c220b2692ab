#include "policy/price/cost.h"

#include <algorithm>

namespace headrace::policy {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kMillion = 1'000'000;

// Ten products of 63 and 40 bits, each piece price scaled by 20 more: far below 128.
static_assert(kRateMicroUsdMax < std::uint64_t{1} << 40U);

Wide times(std::int64_t count, std::uint64_t rate) {
  return count <= 0 ? Wide{0} : static_cast<Wide>(count) * rate;
}

core::MicroUsd rounded(Wide millionths) {
  const Wide whole = (millionths + kMillion / 2) / kMillion;
  return core::MicroUsd{whole > static_cast<Wide>(kCostMax) ? kCostMax
                                                            : static_cast<std::int64_t>(whole)};
}

std::uint64_t dearest_input(const PriceRates& rates) {
  return std::max({rates.in_fresh, rates.in_cache_read, rates.in_cache_write_5m,
                   rates.in_cache_write_1h, rates.in_audio, rates.in_image});
}

std::uint64_t dearest_output(const PriceRates& rates) {
  return std::max({rates.out_text, rates.out_reasoning, rates.out_audio, rates.out_image});
}

}  // namespace

core::MicroUsd cost_of(const Usage& usage, const PriceRates& rates) {
  const Wide tokens =
      times(usage.in_fresh, rates.in_fresh) + times(usage.in_cache_read, rates.in_cache_read) +
      times(usage.in_cache_write_5m, rates.in_cache_write_5m) +
      times(usage.in_cache_write_1h, rates.in_cache_write_1h) +
      times(usage.in_audio, rates.in_audio) + times(usage.in_image, rates.in_image) +
      times(usage.out_text, rates.out_text) + times(usage.out_reasoning, rates.out_reasoning) +
      times(usage.out_audio, rates.out_audio) + times(usage.out_image, rates.out_image);
  const Wide pieces = times(1, rates.request) + times(usage.web_searches, rates.web_search) +
                      times(usage.web_fetches, rates.web_fetch) +
                      times(usage.audio_seconds, rates.audio_second);
  return rounded(tokens + pieces * kMillion);
}

core::MicroUsd cost_bound(core::Tokens input, core::Tokens output, const PriceRates& rates) {
  return rounded(times(input.count(), dearest_input(rates)) +
                 times(output.count(), dearest_output(rates)) + times(1, rates.request) * kMillion);
}

core::Tokens output_paid_by(core::MicroUsd money, core::Tokens input, const PriceRates& rates) {
  if (cost_bound(input, core::Tokens{0}, rates) > money) return core::Tokens{-1};
  const std::uint64_t rate = dearest_output(rates);
  if (rate == 0) return core::Tokens{kCostMax};
  // The last amount that still rounds to `money`.
  const Wide room = static_cast<Wide>(money.count()) * kMillion + (kMillion / 2 - 1);
  const Wide taken =
      times(input.count(), dearest_input(rates)) + times(1, rates.request) * kMillion;
  const Wide paid = (room - taken) / rate;
  return core::Tokens{paid > static_cast<Wide>(kCostMax) ? kCostMax
                                                         : static_cast<std::int64_t>(paid)};
}

}  // namespace headrace::policy

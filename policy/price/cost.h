// From usage to money, in whole micro-USD.
//
// A cost is computed exactly and rounded once, at its end, to the nearest micro-USD (a half goes
// up). Rounding keeps order, so what is bounded token by token is bounded in money too. What is
// beyond 63 bits is kCostMax: it is never wrapped and never negative. Counts below zero cost
// nothing.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <limits>

#include "core/units.h"
#include "policy/dialect/usage.h"
#include "policy/price/price_rates.h"

namespace headrace::policy {

inline constexpr std::int64_t kCostMax = std::numeric_limits<std::int64_t>::max();

[[nodiscard]] core::MicroUsd cost_of(const Usage& usage, const PriceRates& rates);

// What a request of at most so many tokens costs at most, whatever kinds of token they turn out to
// be. Calls that the provider makes by itself (web searches) are not in it: they have no bound.
[[nodiscard]] core::MicroUsd cost_bound(core::Tokens input, core::Tokens output,
                                        const PriceRates& rates);

// How much output the money pays for beside so much input: the largest count whose cost_bound() is
// not above `money`. Below zero: not even the input. Output that costs nothing has no such count:
// core::Tokens{kCostMax}.
[[nodiscard]] core::Tokens output_paid_by(core::MicroUsd money, core::Tokens input,
                                          const PriceRates& rates);

}  // namespace headrace::policy

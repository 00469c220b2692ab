// How limits are called where their operator gives them no name, and the days that prices begin on.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/config/quota_layout.h"

namespace headrace::policy::config {

// Walked for each request whose model has no price by its exact name.
inline constexpr std::size_t kPricePatternsMax = 256;

// "requests_per_minute", "budget_per_month", "concurrent", "credits".
[[nodiscard]] std::string usual_name(const LimitRule& rule);
[[nodiscard]] bool is_bucket(const LimitRule& rule);
// The seconds since 1970 at which a day begins in UTC: "2026-12-31".
[[nodiscard]] std::optional<std::int64_t> parse_day(std::string_view text);

[[nodiscard]] std::string_view to_text(LimitMeasure measure);
[[nodiscard]] std::string_view to_text(LimitPeriod period);

}  // namespace headrace::policy::config

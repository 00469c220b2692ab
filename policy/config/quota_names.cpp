#include "policy/config/quota_names.h"

#include <array>
#include <chrono>

#include "core/parse_number.h"

namespace headrace::policy::config {

std::string_view to_text(LimitMeasure measure) {
  constexpr std::array<std::string_view, 6> kNames = {"requests", "input_tokens", "output_tokens",
                                                      "tokens",   "micro_usd",    "concurrent"};
  return kNames[static_cast<std::size_t>(measure)];
}

std::string_view to_text(LimitPeriod period) {
  constexpr std::array<std::string_view, 6> kNames = {"second", "minute", "hour",
                                                      "day",    "month",  "total"};
  return kNames[static_cast<std::size_t>(period)];
}

std::string usual_name(const LimitRule& rule) {
  if (rule.origin == LimitOrigin::credit) return "credits";
  if (rule.measure == LimitMeasure::concurrent) return "concurrent";
  const std::string what(rule.origin == LimitOrigin::budget ? "budget" : to_text(rule.measure));
  if (rule.period == LimitPeriod::total) return what + "_in_total";
  return what + "_per_" + std::string(to_text(rule.period));
}

bool is_bucket(const LimitRule& rule) {
  if (rule.measure == LimitMeasure::concurrent || rule.period > LimitPeriod::hour) return false;
  return rule.window == LimitWindow::bucket ||
         (rule.window == LimitWindow::by_period && rule.period == LimitPeriod::second);
}

std::optional<std::int64_t> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = core::parse_decimal(text.substr(0, 4));
  const auto month = core::parse_decimal(text.substr(5, 2));
  const auto day = core::parse_decimal(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400};
}

}  // namespace headrace::policy::config

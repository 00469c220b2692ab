#include "policy/dialect/time_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "core/parse_number.h"

namespace headrace::policy {
namespace {

constexpr std::int64_t kNanosPerMs = 1'000'000;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::size_t kFractionDigitsMax = 9;

// Takes digits off the front.
std::string_view take_digits(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

struct Decimal {
  std::int64_t whole = 0;
  std::int64_t billionths = 0;
};

// "12", "12.5": digits on both sides of a point.
std::optional<Decimal> take_decimal(std::string_view& text, std::size_t digits_max) {
  const auto whole = core::parse_decimal(take_digits(text), core::kNumberMax, digits_max);
  if (!whole) return std::nullopt;
  Decimal decimal{.whole = static_cast<std::int64_t>(*whole)};
  if (!take(text, ".")) return decimal;
  const std::string_view digits = take_digits(text);
  const auto part = core::parse_decimal(digits, core::kNumberMax, kFractionDigitsMax);
  if (!part) return std::nullopt;
  decimal.billionths = static_cast<std::int64_t>(*part);
  for (std::size_t i = digits.size(); i < kFractionDigitsMax; ++i)
    decimal.billionths *= 10;
  return decimal;
}

constexpr std::int64_t ms_rounded_up(std::int64_t nanos) {
  return (nanos + kNanosPerMs - 1) / kNanosPerMs;
}

// Exactly two digits, or four.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  const auto number = core::parse_decimal(text.substr(0, digits), 9999);
  if (!number || text.size() < digits) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<int>(*number);
}

struct ClockTime {
  int hour = 0;
  int minute = 0;
  int second = 0;
};

// "08:49:37"; 60 is a leap second.
std::optional<ClockTime> take_clock_time(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return ClockTime{*hour, *minute, *second};
}

std::optional<std::int64_t> unix_seconds(int year, int month, int day, const ClockTime& time) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t minutes = std::int64_t{time.hour} * 60 + time.minute;
  return days * 86'400 + minutes * 60 + time.second;
}

}  // namespace

std::optional<std::int64_t> parse_unit_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t nanos;
  };
  // By size; "ms" is looked for before "m" and "s".
  static constexpr Unit kUnits[] = {{"h", 3600 * kNanosPerSecond},
                                    {"ms", kNanosPerMs},
                                    {"m", 60 * kNanosPerSecond},
                                    {"s", kNanosPerSecond},
                                    {"us", 1000},
                                    {"\u00b5s", 1000},
                                    {"\u03bcs", 1000},
                                    {"ns", 1}};
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  std::int64_t nanos = 0;
  std::int64_t last_unit = INT64_MAX;
  while (!text.empty()) {
    constexpr std::size_t kDigitsMax = 6;
    const auto decimal = take_decimal(text, kDigitsMax);
    if (!decimal) return std::nullopt;
    const auto* unit =
        std::ranges::find_if(kUnits, [&](const Unit& each) { return take(text, each.name); });
    if (unit == std::end(kUnits) || unit->nanos >= last_unit) return std::nullopt;
    last_unit = unit->nanos;
    constexpr std::int64_t kNanosMax = 999'999 * kNanosPerSecond;
    if (decimal->whole > kNanosMax / unit->nanos) return std::nullopt;
    nanos += decimal->whole * unit->nanos;
    // Below a nanosecond nothing counts. Either way the product fits: whole seconds a unit first.
    nanos += unit->nanos >= kNanosPerSecond ? decimal->billionths * (unit->nanos / kNanosPerSecond)
                                            : decimal->billionths * unit->nanos / kNanosPerSecond;
    if (nanos > kNanosMax) return std::nullopt;
  }
  return ms_rounded_up(nanos);
}

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  constexpr std::size_t kDigitsMax = 10;
  const auto decimal = take_decimal(text, kDigitsMax);
  if (!decimal || !text.empty()) return std::nullopt;
  return decimal->whole * 1000 + ms_rounded_up(decimal->billionths);
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !(take(text, "T") || take(text, "t"))) return std::nullopt;
  const auto time = take_clock_time(text);
  if (!time) return std::nullopt;
  std::int64_t part_ms = 0;
  if (take(text, ".")) {
    const std::string_view digits = take_digits(text);
    const auto part = core::parse_decimal(digits, core::kNumberMax, kFractionDigitsMax);
    if (!part) return std::nullopt;
    std::int64_t nanos = static_cast<std::int64_t>(*part);
    for (std::size_t i = digits.size(); i < kFractionDigitsMax; ++i)
      nanos *= 10;
    part_ms = ms_rounded_up(nanos);
  }
  std::int64_t offset_minutes = 0;
  if (!take(text, "Z") && !take(text, "z")) {
    const std::int64_t sign = take(text, "-") ? -1 : 1;
    if (sign > 0 && !take(text, "+")) return std::nullopt;
    const auto hours = take_number(text, 2);
    if (!hours || !take(text, ":")) return std::nullopt;
    const auto minutes = take_number(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    offset_minutes = sign * (*hours * 60 + *minutes);
  }
  if (!text.empty()) return std::nullopt;
  const auto seconds = unix_seconds(*year, *month, *day, *time);
  if (!seconds) return std::nullopt;
  return (*seconds - offset_minutes * 60) * 1000 + part_ms;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun, ", "Mon, ", "Tue, ", "Wed, ",
                                                            "Thu, ", "Fri, ", "Sat, "};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (std::ranges::none_of(kDays, [&](std::string_view day) { return take(text, day); })) {
    return std::nullopt;
  }
  const auto day = take_number(text, 2);
  if (!day || !take(text, " ")) return std::nullopt;
  const auto* month =
      std::ranges::find_if(kMonths, [&](std::string_view name) { return take(text, name); });
  if (month == kMonths.end() || !take(text, " ")) return std::nullopt;
  const auto year = take_number(text, 4);
  if (!year || !take(text, " ")) return std::nullopt;
  const auto time = take_clock_time(text);
  if (!time || text != " GMT") return std::nullopt;
  const auto seconds =
      unix_seconds(*year, static_cast<int>(month - kMonths.begin()) + 1, *day, *time);
  if (!seconds) return std::nullopt;
  return *seconds * 1000;
}

}  // namespace headrace::policy

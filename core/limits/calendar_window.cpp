#include "core/limits/calendar_window.h"

#include <algorithm>
#include <cstddef>

#include "core/limits/limit_terms.h"

namespace headrace::core {

namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kSecondNanos = 1'000'000'000;

std::int64_t floor_quotient(std::int64_t dividend, std::int64_t divisor) {
  return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}

// Of local time.
std::int64_t number_at(CalendarPeriod period, std::int64_t local_seconds) {
  const std::int64_t day = floor_quotient(local_seconds, kDaySeconds);
  if (period == CalendarPeriod::day) return day;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return (std::int64_t{int{date.year()}} - 1970) * 12 + std::int64_t{unsigned{date.month()}} - 1;
}

// The first local second of a window.
std::int64_t begin_of(CalendarPeriod period, std::int64_t number) {
  if (period == CalendarPeriod::day) return number * kDaySeconds;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(1970 + number / 12)},
                                         std::chrono::month{static_cast<unsigned>(number % 12 + 1)},
                                         std::chrono::day{1}};
  return std::int64_t{std::chrono::sys_days{date}.time_since_epoch().count()} * kDaySeconds;
}

}  // namespace

CalendarWindow calendar_window(CalendarPeriod period, std::span<const ZoneOffset> zone,
                               WallTime at) {
  if (period == CalendarPeriod::total) return {.number = 0, .ends = kEndless};
  static constexpr ZoneOffset kUtc{};
  if (zone.empty()) zone = {&kUtc, 1};
  const std::int64_t second = floor_quotient(at.unix_nanos, kSecondNanos);
  const auto later = std::upper_bound(zone.begin() + 1, zone.end(), second,
                                      [](std::int64_t moment, const ZoneOffset& entry) {
                                        return moment < entry.from_unix_seconds;
                                      });
  auto here = static_cast<std::size_t>(later - zone.begin()) - 1;

  std::int64_t number = number_at(period, second + zone[here].offset_seconds);
  if (here > 0) {  // what had begun before the clock was put back
    const std::int64_t before = zone[here].from_unix_seconds - 1 + zone[here - 1].offset_seconds;
    number = std::max(number, number_at(period, before));
  }
  number = std::clamp<std::int64_t>(number, 0, kCalendarWindowMax);
  if (number == kCalendarWindowMax) {
    return {.number = static_cast<std::uint16_t>(number), .ends = kEndless};
  }
  // Its end by each offset in turn, until one still holds then.
  std::int64_t ends = begin_of(period, number + 1) - zone[here].offset_seconds;
  while (here + 1 < zone.size() && ends >= zone[here + 1].from_unix_seconds) {
    ++here;
    ends = std::max(begin_of(period, number + 1) - zone[here].offset_seconds,
                    zone[here].from_unix_seconds);
  }
  return {.number = static_cast<std::uint16_t>(number),
          .ends = {.unix_nanos = ends * kSecondNanos}};
}

}  // namespace headrace::core

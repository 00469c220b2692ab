#include "policy/quota/calendar_windows.h"

#include <algorithm>
#include <span>

namespace headrace::policy {
namespace {

// A window ends within a month; its beginning lies no further back.
constexpr std::int64_t kReachSeconds = 63LL * 86'400;
constexpr std::size_t kOffsetsNear = 16;

}  // namespace

core::CalendarWindow CalendarWindows::at(const config::QuotaView& quota, config::RowRef zone,
                                         core::CalendarPeriod period, core::WallTime now) {
  if (period == core::CalendarPeriod::total) return {.number = 0, .ends = core::kEndless};
  Entry& entry =
      entries_[(zone.plus_one * 2 + static_cast<std::uint32_t>(period)) % entries_.size()];
  if (entry.zone == zone.plus_one && entry.period == period && entry.begins <= now &&
      now < entry.window.ends) {
    return entry.window;
  }
  // Of a zone's rules only those matter that hold about now.
  const std::int64_t second = now.unix_nanos / 1'000'000'000;
  std::array<core::ZoneOffset, kOffsetsNear> near{};
  std::size_t count = 0;
  for (const config::ZoneOffsetRow& row : quota.zone(zone)) {
    if (row.from_unix_seconds > second + kReachSeconds) break;
    if (row.from_unix_seconds <= second - kReachSeconds) count = 0;
    if (count == near.size()) break;
    near[count++] = {.from_unix_seconds = row.from_unix_seconds,
                     .offset_seconds = row.offset_seconds};
  }
  entry = {.zone = zone.plus_one,
           .period = period,
           .begins = now,
           .window = core::calendar_window(period, std::span(near.data(), count), now)};
  return entry.window;
}

}  // namespace headrace::policy

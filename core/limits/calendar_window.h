// Days and months by number, in a time zone: which window a moment lies in, and when it ends.
//
// The zone is given as what its rules come to: from which moment on which offset to UTC holds, in
// order of time. Where a clock is put back over midnight, the window that had begun goes on.
#pragma once

#include <cstdint>
#include <span>

#include "core/clock.h"

namespace headrace::core {

enum class CalendarPeriod : std::uint8_t { day, month, total };

// From `from_unix_seconds` on, local time is UTC + `offset_seconds`.
struct ZoneOffset {
  std::int64_t from_unix_seconds = 0;
  std::int32_t offset_seconds = 0;
};

struct CalendarWindow {
  std::uint16_t number = 0;  // of the day since 1970-01-01, of the month since 1970-01; total: 0
  WallTime ends;             // the first moment that belongs to a later window
};

inline constexpr WallTime kEndless{.unix_nanos = INT64_MAX};

// `zone` may be empty: UTC. Before its first entry that one's offset holds. Moments before 1970 are
// in window 0, those after the last number in the last one.
CalendarWindow calendar_window(CalendarPeriod period, std::span<const ZoneOffset> zone,
                               WallTime at);

}  // namespace headrace::core

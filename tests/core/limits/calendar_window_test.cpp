#include "core/limits/calendar_window.h"

#include <array>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kHour = 3600;

constexpr WallTime at(std::int64_t seconds) {
  return {.unix_nanos = seconds * 1'000'000'000};
}

// Seconds since 1970 of a date in UTC.
constexpr std::int64_t utc(int year, unsigned month, unsigned day, std::int64_t seconds = 0) {
  const std::chrono::sys_days date{std::chrono::year{year} / static_cast<int>(month) /
                                   static_cast<int>(day)};
  return std::int64_t{date.time_since_epoch().count()} * kDay + seconds;
}

TEST(CalendarWindow, DaysAndMonthsInUtc) {
  const std::int64_t noon = utc(2027, 2, 28, 12 * kHour);
  const CalendarWindow day = calendar_window(CalendarPeriod::day, {}, at(noon));
  EXPECT_EQ(day.number, utc(2027, 2, 28) / kDay);
  EXPECT_EQ(day.ends, at(utc(2027, 3, 1)));
  const CalendarWindow month = calendar_window(CalendarPeriod::month, {}, at(noon));
  EXPECT_EQ(month.number, 57 * 12 + 1);
  EXPECT_EQ(month.ends, at(utc(2027, 3, 1)));
  const CalendarWindow total = calendar_window(CalendarPeriod::total, {}, at(noon));
  EXPECT_EQ(total.number, 0);
  EXPECT_EQ(total.ends, kEndless);
}

TEST(CalendarWindow, BeginsWhereTheOneBeforeEnds) {
  for (const CalendarPeriod period : {CalendarPeriod::day, CalendarPeriod::month}) {
    WallTime now = at(utc(2026, 1, 1));
    for (int i = 0; i < 500; ++i) {
      const CalendarWindow window = calendar_window(period, {}, now);
      const CalendarWindow last = calendar_window(period, {}, {window.ends.unix_nanos - 1});
      EXPECT_EQ(last.number, window.number);
      EXPECT_EQ(calendar_window(period, {}, window.ends).number, window.number + 1);
      now = window.ends;
    }
  }
}

TEST(CalendarWindow, TimeZonesAndTheirChanges) {
  // Berlin: summer time from 2027-03-28 01:00 UTC to 2027-10-31 01:00 UTC.
  const std::array<ZoneOffset, 3> berlin{ZoneOffset{utc(2026, 10, 25, kHour), 3600},
                                         ZoneOffset{utc(2027, 3, 28, kHour), 7200},
                                         ZoneOffset{utc(2027, 10, 31, kHour), 3600}};
  const CalendarWindow winter =
      calendar_window(CalendarPeriod::day, berlin, at(utc(2027, 1, 10, 23 * kHour)));
  EXPECT_EQ(winter.number, utc(2027, 1, 11) / kDay);
  EXPECT_EQ(winter.ends, at(utc(2027, 1, 11, 23 * kHour)));
  const CalendarWindow change =
      calendar_window(CalendarPeriod::day, berlin, at(utc(2027, 3, 27, 23 * kHour)));
  EXPECT_EQ(change.number, utc(2027, 3, 28) / kDay);
  EXPECT_EQ(change.ends, at(utc(2027, 3, 28, 22 * kHour))) << "a day of 23 hours";
  const CalendarWindow back =
      calendar_window(CalendarPeriod::day, berlin, at(utc(2027, 10, 30, 22 * kHour)));
  EXPECT_EQ(back.ends, at(utc(2027, 10, 31, 23 * kHour))) << "a day of 25 hours";
  // Before the first entry its offset holds.
  EXPECT_EQ(calendar_window(CalendarPeriod::day, berlin, at(utc(2020, 5, 1, 23 * kHour))).number,
            utc(2020, 5, 2) / kDay);
}

TEST(CalendarWindow, AMidnightThatIsSkippedAndOneThatComesTwice) {
  // At local midnight the clock is put forward an hour; later at midnight put back.
  const std::int64_t forward = utc(2027, 4, 10);
  const std::int64_t backward = utc(2027, 9, 10, -kHour);
  const std::array<ZoneOffset, 3> zone{ZoneOffset{0, 0}, ZoneOffset{forward, 3600},
                                       ZoneOffset{backward, 0}};
  const CalendarWindow before = calendar_window(CalendarPeriod::day, zone, at(forward - 1));
  EXPECT_EQ(before.ends, at(forward));
  EXPECT_EQ(calendar_window(CalendarPeriod::day, zone, at(forward)).number, before.number + 1);
  // 23:00 to 24:00 local comes twice: the day that had begun goes on.
  const CalendarWindow first = calendar_window(CalendarPeriod::day, zone, at(backward - 1));
  EXPECT_EQ(first.number, utc(2027, 9, 9) / kDay);
  std::uint16_t number = first.number;
  for (std::int64_t second = backward; second < backward + 3 * kDay; second += 600) {
    const CalendarWindow window = calendar_window(CalendarPeriod::day, zone, at(second));
    EXPECT_GE(window.number, number) << "never back";
    EXPECT_GT(window.ends, at(second));
    number = window.number;
  }
}

TEST(CalendarWindow, OutsideOfAllNumbers) {
  const CalendarWindow early = calendar_window(CalendarPeriod::day, {}, at(-5 * kDay));
  EXPECT_EQ(early.number, 0);
  EXPECT_EQ(early.ends, at(kDay));
  const CalendarWindow late = calendar_window(CalendarPeriod::day, {}, at(70'000 * kDay));
  EXPECT_EQ(late.number, 0xffff);
  EXPECT_EQ(late.ends, kEndless);
}

}  // namespace
}  // namespace headrace::core

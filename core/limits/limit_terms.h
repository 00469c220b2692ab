// What one limit promises: how much credit, in which kind of window, and which words in the shared
// region it is kept in. Given anew with every request, so that a changed limit holds from the next
// request on and nothing that was spent is forgotten.
//
//   kind         admits                                      credit comes back
//   sliding      at most `credit` in any stretch of `length`  one length after it was spent, in
//   steps
//                                                            of 1/64 of it, rounded to the safe
//                                                            side
//   bucket       at most `credit` + t x `refill`/`length`     steadily, until the bucket is full
//                in any time t
//   calendar     at most `credit` in window number `window`   all at once with a later number
//   concurrency  at most `credit` at any moment              when it is given back
//
// Amounts are counts of whatever the limit measures; nothing here knows what that is, but that its
// caller numbers it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/clock.h"

namespace headrace::core {

enum class WindowKind : std::uint8_t { sliding, bucket, calendar, concurrency, count };

// Credit, burst, refill and single amounts, each: 70 million dollars in millionths.
inline constexpr std::int64_t kCreditMax = std::int64_t{1} << 46U;
inline constexpr Duration kWindowLengthMax = std::chrono::days{31};
// A day's number since 1970 stays below until the year 2149.
inline constexpr std::uint32_t kCalendarWindowMax = 0xffff;
// What limits may measure, beside concurrency.
inline constexpr std::size_t kLimitMeasuresMax = 7;

struct LimitTerms {
  // Names the words: a hash of scope, measure and window. Not 0. Two kinds of window, or two
  // lengths of one kind, are two identities; another credit is the same.
  std::uint64_t identity = 0;
  WindowKind kind = WindowKind::sliding;
  std::uint8_t measure = 0;  // below kLimitMeasuresMax: by which its flow is added up
  std::uint16_t window = 0;  // calendar
  std::int64_t credit = 0;   // bucket: the burst
  std::int64_t refill = 0;   // bucket: comes back in each `length`; at least 1
  Duration length{};         // sliding, bucket
  WallTime ends{};           // calendar: when a later window begins

  static constexpr LimitTerms sliding(std::uint64_t identity, std::int64_t credit,
                                      Duration length) {
    return {.identity = identity, .kind = WindowKind::sliding, .credit = credit, .length = length};
  }
  static constexpr LimitTerms bucket(std::uint64_t identity, std::int64_t burst,
                                     std::int64_t refill, Duration length) {
    return {.identity = identity,
            .kind = WindowKind::bucket,
            .credit = burst,
            .refill = refill,
            .length = length};
  }
  // Number and end of a day or month come from CalendarWindow; a total is window 0 without end.
  static constexpr LimitTerms calendar(std::uint64_t identity, std::int64_t credit,
                                       std::uint16_t window, WallTime ends) {
    return {.identity = identity,
            .kind = WindowKind::calendar,
            .window = window,
            .credit = credit,
            .ends = ends};
  }
  static constexpr LimitTerms concurrency(std::uint64_t identity, std::int64_t credit) {
    return {.identity = identity, .kind = WindowKind::concurrency, .credit = credit};
  }
};

// So much of one limit: from 0 to kCreditMax.
struct LimitDemand {
  LimitTerms terms;
  std::int64_t amount = 0;
};

// The time of a request: seconds, minutes and hours run on the monotonic clock; days and months on
// the wall clock that was accepted (core/limits/accepted_wall_clock.h).
struct LimitTime {
  Instant monotonic;
  WallTime wall;
};

}  // namespace headrace::core

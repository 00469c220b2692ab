#include "net/http/date.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace headrace::net::http {

namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999

void put_two_digits(char* at, unsigned value) {
  at[0] = static_cast<char>('0' + value / 10 % 10);
  at[1] = static_cast<char>('0' + value % 10);
}

void put_name(char* at, std::string_view names, std::size_t index) {
  names.copy(at, 3, 3 * index);
}

}  // namespace

std::string_view DateCache::at(core::WallTime now) {
  const std::int64_t second =
      std::clamp<std::int64_t>(now.unix_nanos / 1'000'000'000, 0, kLastSecond);
  if (second != second_) {
    second_ = second;
    const std::chrono::sys_seconds time{std::chrono::seconds(second)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    char* text = text_.data();
    std::memcpy(text, "Sun, 00 Jan 0000 00:00:00 GMT", kDateBytes);
    put_name(text, kDays, std::chrono::weekday(day).c_encoding());
    put_two_digits(text + 5, static_cast<unsigned>(date.day()));
    put_name(text + 8, kMonths, static_cast<unsigned>(date.month()) - 1);
    put_two_digits(text + 12, year / 100);
    put_two_digits(text + 14, year);
    put_two_digits(text + 17, static_cast<unsigned>(clock.hours().count()));
    put_two_digits(text + 20, static_cast<unsigned>(clock.minutes().count()));
    put_two_digits(text + 23, static_cast<unsigned>(clock.seconds().count()));
  }
  return {text_.data(), text_.size()};
}

}  // namespace headrace::net::http

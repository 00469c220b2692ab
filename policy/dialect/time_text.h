// Times as providers write them, judged strictly: digits are bounded, nothing may stand before or
// behind, and what does not fit its form is nothing.
//
// All results are milliseconds. Parts of one are rounded up, so that nobody comes too soon.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace::policy {

// "6m0s", "12ms", "1h2m3.5s", "34.07s", "1.5us": numbers, each with one of h m s ms us (also with
// the micro sign) ns, units from large to small, as Go's time.Duration prints them. At most about
// 277 hours.
[[nodiscard]] std::optional<std::int64_t> parse_unit_duration(std::string_view text);

// "33011.382867", "30": seconds. At most 10 digits before the point and 9 behind it.
[[nodiscard]] std::optional<std::int64_t> parse_seconds(std::string_view text);

// "2026-11-27T10:15:00Z", "2026-11-27T10:15:00.25+01:00" (RFC 3339): Unix time.
[[nodiscard]] std::optional<std::int64_t> parse_rfc3339(std::string_view text);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7, the form that is to be sent): Unix time.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace headrace::policy

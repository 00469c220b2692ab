// Dates in a config: "2027-01-31" (its beginning, UTC) or "2027-01-31T12:30:00Z".
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headrace::policy::config {

// Unix time, of the years 1970 to 9999; empty where it is no date.
[[nodiscard]] std::optional<std::uint64_t> parse_date(std::string_view text);
[[nodiscard]] std::string date_text(std::uint64_t unix_s);

}  // namespace headrace::policy::config

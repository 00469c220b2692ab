// Numbers and times as people write them on a command line or in a header.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace headrace::tools {

// A whole or decimal number, not negative, at most 1e15. The error is words for the user.
std::expected<double, std::string> parse_number(std::string_view text);
// "250us", "20ms", "1.5s", "2m" or "0", in nanoseconds; at most three years.
std::expected<double, std::string> parse_time_nanos(std::string_view text);

}  // namespace headrace::tools

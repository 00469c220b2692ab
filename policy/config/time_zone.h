// Reads the rules of a time zone as a machine keeps them (RFC 8536, version 2 or later): from which
// moment on which offset to UTC holds, as far as the file lists them.
//
// Threads: pure functions. Errors: a file that is none, or not whole, is refused in words.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/limits/calendar_window.h"

namespace headrace::policy::config {

inline constexpr std::size_t kZoneOffsetsMax = 2000;

[[nodiscard]] std::expected<std::vector<core::ZoneOffset>, std::string> parse_time_zone(
    std::string_view file);

// Whether a zone of that name can be looked for: `Europe/Berlin`, and nothing that leads elsewhere.
[[nodiscard]] bool is_time_zone_name(std::string_view name);
[[nodiscard]] std::string time_zone_file(std::string_view name);

}  // namespace headrace::policy::config

// What a client says of its request that stands in the record: tags, and the trace that it is a
// part of.
//
// Threads: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace headrace::policy {

// The trace id of a W3C `traceparent` (version 00 or later); nothing: it is not one.
[[nodiscard]] std::optional<std::array<std::uint64_t, 2>> parse_trace_id(
    std::string_view traceparent);

// Tags as they may stand anywhere: printable ASCII without quotes and backslashes, at most as many
// bytes as `out` has. What else comes is left out byte by byte.
[[nodiscard]] std::string_view sane_tags(std::string_view tags, std::span<char> out);

}  // namespace headrace::policy

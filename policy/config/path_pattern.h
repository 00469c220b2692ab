// Patterns of request paths, for passthrough rules.
//
//   /v1/moderations        that path
//   /v1/audio/*            one more segment
//   /v1/audio/**           one or more segments more; only at the end
//
// What is matched is what is forwarded: a path that two readers could read in two ways (dot
// segments, empty segments, encoded slashes and dots, backslashes, parameters after a semicolon)
// matches nothing, whatever the pattern.
//
// Threads: pure functions; time is linear in the path.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace headrace::policy::config {

inline constexpr std::size_t kPathPatternBytesMax = 256;

// What is wrong with a pattern, for an operator; empty when it is good.
[[nodiscard]] std::optional<std::string> judge_path_pattern(std::string_view pattern);

// Can this path, without its query, be read in one way only?
[[nodiscard]] bool is_unambiguous_path(std::string_view path);

// Of a pattern and a path that were both judged good by the functions above.
[[nodiscard]] bool path_matches(std::string_view pattern, std::string_view path);

}  // namespace headrace::policy::config

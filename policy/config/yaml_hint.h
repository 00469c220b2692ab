// What is probably wrong with a text that is no YAML: the library says where it could not go on,
// which is often lines behind the slip of the pen.
//
//   yaml_hint(text, 58)   ->  "line 57 opens a bracket and does not close it"
//
// Threads: a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::policy::config {

// Looks at the lines up to the one where the library gave up. Empty: nothing stands out.
[[nodiscard]] std::string yaml_hint(std::string_view text, std::uint32_t error_line);

}  // namespace headrace::policy::config

// How large a head may be. Limits are inclusive: a head at the limit passes, one byte more does
// not.
#pragma once

#include <cstddef>
#include <cstdint>

namespace headrace::net::http {

// What no configuration may exceed: the capacity of a FieldTable, and of a scan's counters.
// What the config may ask for (policy/config/option_table.cpp) ends here, too.
inline constexpr std::size_t kFieldsMax = 128;
inline constexpr std::size_t kHeadBytesMax = 262'144;

// Options of all Connection fields of one head: each is compared with every field.
inline constexpr std::size_t kConnectionOptionsMax = 32;

struct HeadLimits {
  std::uint32_t head_bytes_max = 32'768;  // start line to empty line, both included
  std::uint32_t line_bytes_max = 8'192;   // one line, without its CRLF
  std::uint32_t fields_max = 100;
};

}  // namespace headrace::net::http

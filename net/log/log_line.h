// One access record as a JSON line.
#pragma once

#include <cstddef>
#include <span>

#include "net/log/access_record.h"

namespace headrace::net {

// Room for the longest line: every text escaped byte by byte, and all numbers.
inline constexpr std::size_t kLogLineBytesMax = 20 * 1024;

// Writes the line with its line end; returns its length. `out` has at least kLogLineBytesMax.
// Everything that came from outside is escaped.
std::size_t write_log_line(const AccessRecord& record, std::span<char> out);

// The same of a record as it stands in the ring (access_log.h); 0 where it is none.
std::size_t write_access_line(std::span<const std::byte> record, std::span<char> out);

}  // namespace headrace::net

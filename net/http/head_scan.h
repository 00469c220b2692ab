// Finds the end of a head in bytes that arrive piece by piece, and judges what can be judged line
// by line: line ends are CRLF, no control characters, limits kept. The first of two passes: only a
// head found complete here is parsed.
//
// Work:       every byte is looked at once, however the pieces fall: a HeadScan of 12 bytes stands
//             in the connection and remembers how far it came.
// Invariants: the verdict does not depend on how the bytes were cut into pieces.
// RFC 9112 sections 2.1 and 2.2, strict: a bare LF or CR is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/http/head_limits.h"
#include "net/http/parse_error.h"

namespace headrace::net::http {

enum class HeadKind : std::uint8_t { request, response };
enum class HeadStatus : std::uint8_t { complete, incomplete, bad };

struct HeadResult {
  HeadStatus status = HeadStatus::incomplete;
  ParseError error = ParseError::none;  // when bad
  std::size_t consumed = 0;             // when complete: bytes of the head; the body starts there
};

// How far a head has been scanned. Reset (= {}) for the next head.
struct HeadScan {
  std::uint32_t scanned_bytes = 0;
  std::uint32_t line_start = 0;  // offset of the line that is being scanned
  std::uint32_t lines = 0;       // whole lines so far: the start line and fields
};

// `bytes` is the head from its first byte on, longer than or as long as at the last call.
HeadResult scan_head(std::string_view bytes, HeadKind kind, const HeadLimits& limits,
                     HeadScan& scan);

}  // namespace headrace::net::http

// The second pass over a head, for what requests and answers have in common: field lines, the
// Connection options, and how the body is framed.
// RFC 9112 sections 5 and 6, RFC 9110 sections 5, 7.6.1 and 8.6; strict.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/http/field_table.h"
#include "net/http/framing.h"
#include "net/http/head_scan.h"
#include "net/http/parse_error.h"

namespace headrace::net::http {

// `lines` are whole lines that scan_head() has passed, from behind the start line up to and without
// the empty line. Fields that must stand alone (framing, Host, Content-Type, credentials) are
// refused when repeated; in requests also when disguised by "_" for "-".
ParseError parse_field_lines(std::string_view lines, HeadKind kind, FieldTable& fields);

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  // RFC 9112 section 9.3.
  [[nodiscard]] bool persistent(Version version) const {
    return !close && (version == Version::http_1_1 || keep_alive);
  }
};

// Reads all Connection fields and marks the fields that they name.
ParseError read_connection(FieldTable& fields, ConnectionOptions& options);

// 1 to 19 digits, at most 2^63 - 1.
ParseError parse_content_length(std::string_view value, std::uint64_t& length);

// Only "chunked" alone is supported.
ParseError parse_transfer_encoding(std::string_view value);

// What both kinds of message must keep: never both fields, chunked never in HTTP/1.0. Sets length
// or chunked where a field says so, otherwise leaves `framing` as it is.
ParseError judge_framing(const FieldTable& fields, Version version, BodyFraming& framing,
                         std::uint64_t& length);

// "HTTP/1.1" or "HTTP/1.0", exactly.
ParseError parse_version(std::string_view text, Version& version);

}  // namespace headrace::net::http

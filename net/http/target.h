// Request targets (RFC 9112 section 3.2, RFC 3986), judged so strictly that the path on which
// routing decides is the path that is forwarded, and that no server behind us can read it in
// another way: dot segments, empty segments, backslashes, ";", encoded slashes, encoded dots or
// other encoded unreserved characters, encoded controls and double encodings are refused.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/http/method.h"
#include "net/http/parse_error.h"

namespace headrace::net::http {

enum class TargetForm : std::uint8_t { origin, absolute, asterisk };

struct Target {
  TargetForm form = TargetForm::origin;
  bool has_query = false;      // "/a?" has an empty query, "/a" has none
  std::string_view text;       // as received
  std::string_view authority;  // absolute form: host and port
  std::string_view path;       // starts with "/"; "*" in asterisk form
  std::string_view query;      // without the "?"
};

// ParseError::none, or why the target is refused. authority-form (CONNECT) is method_not_allowed.
ParseError parse_target(Method method, std::string_view text, Target& out);

// Whether text is a host with an optional port, as Host fields and authorities must be: a name of
// letters, digits, "-", "." and "_", an IPv4 address or an IPv6 address in brackets; the port,
// where there is a colon, is 1 to 65535. No user information, no percent-encoding, never empty.
bool is_host_and_port(std::string_view text);

}  // namespace headrace::net::http

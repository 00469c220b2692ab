// The Forwarded field (RFC 7239): who passed a request on, for whom, under which host and protocol.
//
//   Forwarded: for=192.0.2.43;host=gateway.test;proto=https, for="[2001:db8::17]";proto=http
//
// Threads: pure.
#pragma once

#include <string_view>

#include "net/http/head_writer.h"

namespace headrace::net::http {

// Whether a value is what section 4 says: elements of pairs of a token and a token or a quoted
// string. What a proxy of ours sends otherwise is not passed on: whoever stands behind us might
// read another client out of it than we do.
[[nodiscard]] bool is_forwarded(std::string_view value);

struct ForwardedElement {
  std::string_view client;  // an IP address without brackets; empty: unknown
  std::string_view host;
  bool tls = false;
};
// `chain`: what it came with, well-formed, or empty.
void write_forwarded(std::string_view chain, const ForwardedElement& element, HeadWriter& writer);

}  // namespace headrace::net::http

// A request's head, parsed and judged: what is in a RequestHead is unambiguous.
//
// Lifetime:   about 5 KiB: one per shard, reused for each head, never one per connection. All views
//             borrow the received bytes (path may point to a constant) and die with them.
// Invariants: after `complete`: at most one Host, Content-Length, Transfer-Encoding, Content-Type
//             and each kind of credential; never both length and chunked; `path` is what routing
//             decides on and, byte for byte, what is forwarded (see target.h); CONNECT and TRACE
//             never get here.
// Errors:     refused, never repaired; describe(error) has status and words; close afterwards.
// RFC 9112 sections 3, 5 and 6; RFC 9110 sections 5, 7 and 10.1.1.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/http/field_table.h"
#include "net/http/framing.h"
#include "net/http/head_limits.h"
#include "net/http/head_scan.h"
#include "net/http/method.h"
#include "net/http/target.h"

namespace headrace::net::http {

struct RequestHead {
  Method method = Method::other;
  Version version = Version::http_1_1;
  BodyFraming framing = BodyFraming::none;
  bool keep_alive = true;            // by version and Connection options
  bool expect_continue = false;      // HTTP/1.1 with a body only
  bool wants_upgrade = false;        // Upgrade named by Connection: to be declined by ignoring it
  std::uint64_t content_length = 0;  // when framing is length

  std::string_view method_text;
  Target target;          // path, query, host; target.text is the target as received
  std::string_view host;  // Host field or the absolute target's authority; empty in HTTP/1.0 only
  FieldTable fields;

  [[nodiscard]] std::string_view path() const { return target.path; }
  [[nodiscard]] std::string_view query() const { return target.query; }
};

// `bytes` is everything received from the head's first byte on, at least as much as at the last
// call for this head; `scan` is kept by the connection between calls and reset for the next head.
// One empty line before the request line is skipped and counts as consumed (RFC 9112 section 2.2).
// `head` is meaningful after `complete` only, and after `bad` for its method, target and fields as
// far as they were parsed (for the log).
HeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head,
                              HeadScan& scan);

}  // namespace headrace::net::http

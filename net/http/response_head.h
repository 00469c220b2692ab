// An upstream's answer head, judged as strictly as a request: what is wrong in it becomes a 502.
//
// Lifetime: as RequestHead: one per shard, reused; views borrow the received bytes.
// RFC 9112 sections 4 and 6.3; RFC 9110 section 15. HTTP/0.9 answers and 101 are refused (we never
// ask for an upgrade).
#pragma once

#include <cstdint>
#include <string_view>

#include "net/http/field_table.h"
#include "net/http/framing.h"
#include "net/http/head_limits.h"
#include "net/http/head_scan.h"
#include "net/http/method.h"

namespace headrace::net::http {

struct ResponseHead {
  std::uint16_t status = 0;  // 100 to 599
  Version version = Version::http_1_1;
  BodyFraming framing = BodyFraming::none;
  bool keep_alive = true;           // false also when the body ends with the connection
  bool has_content_length = false;  // also of answers without a body (HEAD, 304)
  std::uint64_t content_length = 0;
  std::string_view reason;
  FieldTable fields;

  // 1xx: another head follows on the same connection.
  [[nodiscard]] bool interim() const { return status < 200; }
};

// `request_method` is that of the request answered: a HEAD answer has no body. Otherwise as
// parse_request_head().
HeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits,
                               Method request_method, ResponseHead& head, HeadScan& scan);

}  // namespace headrace::net::http

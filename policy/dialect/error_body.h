// The body of an answer by which the gateway refuses or fails, for every SDK and for RFC 9457.
//
// One JSON object holds the members of application/problem+json (type, title, status, detail,
// instance, and our code, limit, scope, retry_after_ms, request_id) beside the dialect's `error`
// object. They meet in one member only: Anthropic wants `"type":"error"` at the top. That is a
// valid problem type too (a relative URI reference), so there `type` is "error" and `code` names
// the problem; elsewhere `type` is `urn:headrace:problem:<code>`.
//
// Every text goes to the client, escaped for JSON; bytes that are not UTF-8 become U+FFFD. Nothing
// internal may be passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/dialect/dialect.h"
#include "policy/dialect/endpoint.h"
#include "policy/dialect/reason.h"
#include "policy/dialect/stream_form.h"

namespace headrace::policy {

struct ErrorAnswer {
  Reason reason = Reason::internal;
  std::string_view title = {};
  std::string_view detail = {};
  std::string_view instance = {};    // path of the request, without query; empty: left out
  std::string_view param = {};       // the field concerned, for OpenAI's `param`; empty: null
  std::string_view limit = {};       // what was exceeded; empty: left out
  std::string_view scope = {};       // whose limit; empty: left out
  std::int64_t retry_after_ms = -1;  // below 0: left out
  std::string_view request_id = {};  // empty: left out
};

// In which stream an error event stands, and behind what.
struct ErrorPlace {
  Endpoint endpoint = Endpoint::unknown;
  std::int64_t sequence_number = 0;  // of a Responses stream's next event
  StreamForm form = StreamForm::events;
  bool has_elements = false;  // of an array: some stand before this one
};

// Room that every error body and event fits in: longer texts are cut, at a character.
inline constexpr std::size_t kErrorBytesMax = 3072;

// Both return how many bytes were written. `out` has at least kErrorBytesMax.
[[nodiscard]] std::size_t write_error_body(const ErrorAnswer& answer, Dialect dialect,
                                           std::span<char> out);

// The event that ends a stream that cannot go on, in the shape on which this endpoint's SDKs raise,
// with its empty line; of an array an element and the array's end.
[[nodiscard]] std::size_t write_error_event(const ErrorAnswer& answer, Dialect dialect,
                                            const ErrorPlace& place, std::span<char> out);

// The Content-Type of an error body. Gemini's SDK for JavaScript reads one as JSON only when it is
// called application/json.
[[nodiscard]] std::string_view error_content_type(Dialect dialect);

}  // namespace headrace::policy

// What a provider says when it refuses: one list of kinds, written in each dialect's own shape.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/mock/endpoint.h"

namespace headrace::tools::mock {

enum class ErrorKind : std::uint8_t {
  invalid_request,
  authentication,
  billing,
  permission,
  not_found,
  conflict,
  too_large,
  unprocessable,
  rate_limit,
  insufficient_quota,
  server_error,
  bad_gateway,
  unavailable,
  timeout,
  overloaded,
};
inline constexpr std::size_t kErrorKindCount = 15;

std::string_view error_name(ErrorKind kind);
std::optional<ErrorKind> find_error(std::string_view name);
// The kind that a status usually means; server_error for any other from 500 on, else
// invalid_request.
ErrorKind error_of_status(int status);
// The status with which that dialect's provider sends this kind.
int status_of(ErrorKind kind, Dialect dialect);

struct ErrorText {
  ErrorKind kind = ErrorKind::server_error;
  int status = 500;
  std::string_view message = {};     // empty: the kind's own
  std::string_view request_id = {};  // Anthropic repeats it in the body
  std::uint64_t retry_after_ms = 0;  // Gemini tells it in the body
};

// The body of a refusal.
void put_error_body(std::string& out, Dialect dialect, const ErrorText& error);

// A refusal in the middle of a stream that began well, framed as that endpoint frames its events.
void put_stream_error(std::string& out, Endpoint endpoint, const ErrorText& error,
                      std::uint64_t sequence_number);

}  // namespace headrace::tools::mock

// What went wrong, whose fault it is and whether trying again makes sense: an 8-byte value.
//
// The table below is the only place where a code's fault, retry and words are decided. `retryable`
// speaks of the attempt, not of the request: another attempt (another connection, another target)
// may succeed. Whether one may be made at all is policy's to say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::core {

enum class Fault : std::uint8_t { downstream, upstream, ours };

//            code                          fault       retry  words
// clang-format off
#define HEADRACE_ERRORS(X)                                                                         \
  X(downstream_closed,            downstream, false, "the downstream connection was closed")       \
  X(downstream_reset,             downstream, false, "the downstream connection was reset")        \
  X(downstream_timeout,           downstream, false, "the downstream was too slow")                \
  X(downstream_malformed,         downstream, false, "the request is malformed")                   \
  X(downstream_too_large,         downstream, false, "the request is too large")                   \
  X(downstream_tls,               downstream, false, "TLS with the downstream failed")             \
  X(upstream_name_unknown,        upstream,   true,  "the upstream's name cannot be resolved")     \
  X(upstream_refused,             upstream,   true,  "the upstream refused the connection")        \
  X(upstream_unreachable,         upstream,   true,  "the upstream cannot be reached")             \
  X(upstream_connect_timeout,     upstream,   true,  "connecting to the upstream took too long")   \
  X(upstream_tls,                 upstream,   true,  "TLS with the upstream failed")               \
  X(upstream_certificate,         upstream,   true,  "the upstream's certificate is not trusted")  \
  X(upstream_reset,               upstream,   true,  "the upstream reset the connection")          \
  X(upstream_closed_early,        upstream,   true,  "the upstream closed before its answer ended") \
  X(upstream_first_byte_timeout,  upstream,   true,  "the upstream's answer did not begin in time") \
  X(upstream_gap_timeout,         upstream,   true,  "the upstream's answer paused for too long")  \
  X(upstream_total_timeout,       upstream,   false, "the answer took too long in total")          \
  X(upstream_malformed,           upstream,   true,  "the upstream's answer is malformed")         \
  X(upstream_too_large,           upstream,   false, "the upstream's answer is too large")         \
  X(connections_exhausted,        ours,       true,  "no connection is free")                      \
  X(buffers_exhausted,            ours,       true,  "no buffer is free")                          \
  X(bodies_exhausted,             ours,       true,  "the memory for bodies is used up")           \
  X(descriptors_exhausted,        ours,       true,  "no file descriptor is free")                 \
  X(queue_full,                   ours,       true,  "a queue is full")                            \
  X(draining,                     ours,       false, "the gateway is shutting down")               \
  X(internal,                     ours,       false, "an internal error")
// clang-format on

enum class ErrorCode : std::uint8_t {
#define HEADRACE_ERROR_CODE(code, fault, retry, words) code,
  HEADRACE_ERRORS(HEADRACE_ERROR_CODE)
#undef HEADRACE_ERROR_CODE
};

class Error {
 public:
  // `detail` is what the code's place knows more: an errno, a byte's offset; 0 when nothing.
  constexpr explicit Error(ErrorCode code, std::int32_t detail = 0)
      : detail_(detail), code_(code) {}

  [[nodiscard]] constexpr ErrorCode code() const { return code_; }
  [[nodiscard]] constexpr std::int32_t detail() const { return detail_; }
  [[nodiscard]] Fault fault() const;
  [[nodiscard]] bool retryable() const;
  // "upstream_refused": for logs and metrics, stable.
  [[nodiscard]] std::string_view name() const;
  // For people: "the upstream refused the connection".
  [[nodiscard]] std::string_view words() const;
  // Name, words and detail in one line.
  [[nodiscard]] std::string text() const;

  friend constexpr bool operator==(Error, Error) = default;

 private:
  std::int32_t detail_;
  ErrorCode code_;
};

static_assert(sizeof(Error) == 8);

// What a connect to an upstream or a transfer with it ended with, by its errno (positive).
[[nodiscard]] Error upstream_error_from_errno(int error_number);
[[nodiscard]] Error downstream_error_from_errno(int error_number);

}  // namespace headrace::core

#include "core/error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace headrace::core {

namespace {

struct Row {
  std::string_view name;
  Fault fault;
  bool retryable;
  std::string_view words;
};

constexpr std::array kRows{
#define HEADRACE_ERROR_ROW(code, fault, retry, words) Row{#code, Fault::fault, retry, words},
    HEADRACE_ERRORS(HEADRACE_ERROR_ROW)
#undef HEADRACE_ERROR_ROW
};

const Row& row_of(ErrorCode code) {
  return kRows[std::to_underlying(code)];
}

// Of ours, whichever side the socket belongs to: the machine ran out of something.
const ErrorCode* shortage(int error_number) {
  static constexpr ErrorCode kDescriptors = ErrorCode::descriptors_exhausted;
  static constexpr ErrorCode kBuffers = ErrorCode::buffers_exhausted;
  switch (error_number) {
    case EMFILE:
    case ENFILE:
      return &kDescriptors;
    case ENOBUFS:
    case ENOMEM:
      return &kBuffers;
    default:
      return nullptr;
  }
}

}  // namespace

Fault Error::fault() const {
  return row_of(code_).fault;
}
bool Error::retryable() const {
  return row_of(code_).retryable;
}
std::string_view Error::name() const {
  return row_of(code_).name;
}
std::string_view Error::words() const {
  return row_of(code_).words;
}

std::string Error::text() const {
  if (detail_ == 0) return fmt::format("{}: {}", name(), words());
  return fmt::format("{}: {} ({})", name(), words(), detail_);
}

Error upstream_error_from_errno(int error_number) {
  if (const ErrorCode* code = shortage(error_number)) return Error(*code, error_number);
  switch (error_number) {
    case ECONNREFUSED:
    case ENOENT:  // a Unix socket that is not there
      return Error(ErrorCode::upstream_refused, error_number);
    case ECONNRESET:
    case EPIPE:
      return Error(ErrorCode::upstream_reset, error_number);
    case ETIMEDOUT:
      return Error(ErrorCode::upstream_connect_timeout, error_number);
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:  // no local port is left towards this upstream
      return Error(ErrorCode::upstream_unreachable, error_number);
    default:
      return Error(ErrorCode::internal, error_number);
  }
}

Error downstream_error_from_errno(int error_number) {
  if (const ErrorCode* code = shortage(error_number)) return Error(*code, error_number);
  switch (error_number) {
    case ECONNRESET:
    case EPIPE:
      return Error(ErrorCode::downstream_reset, error_number);
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return Error(ErrorCode::downstream_timeout, error_number);
    default:
      return Error(ErrorCode::internal, error_number);
  }
}

}  // namespace headrace::core

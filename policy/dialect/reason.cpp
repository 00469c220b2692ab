#include "policy/dialect/reason.h"

#include <algorithm>

namespace headrace::policy {
namespace {

constexpr ReasonRow kRows[] = {
    {Reason::invalid_request, 400, "invalid_request", "The request is not valid",
     "invalid_request_error", "invalid_request", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::invalid_body, 400, "invalid_body", "The request body is not valid",
     "invalid_request_error", "invalid_body", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::model_missing, 400, "model_missing", "The request names no model",
     "invalid_request_error", "model_missing", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::unsupported, 400, "unsupported", "The request asks for what is not offered here",
     "invalid_request_error", "unsupported", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::unauthenticated, 401, "unauthenticated", "The API key is missing or not valid",
     "invalid_request_error", "invalid_api_key", "authentication_error", "UNAUTHENTICATED"},
    {Reason::budget_exhausted, 402, "budget_exhausted", "The budget is used up",
     "insufficient_quota", "insufficient_quota", "billing_error", "FAILED_PRECONDITION"},
    {Reason::permission_denied, 403, "permission_denied", "The API key does not allow this",
     "invalid_request_error", "permission_denied", "permission_error", "PERMISSION_DENIED"},
    {Reason::path_not_found, 404, "path_not_found", "There is nothing at this path",
     "invalid_request_error", "unknown_url", "not_found_error", "NOT_FOUND"},
    {Reason::model_not_found, 404, "model_not_found", "There is no such model",
     "invalid_request_error", "model_not_found", "not_found_error", "NOT_FOUND"},
    {Reason::method_not_allowed, 405, "method_not_allowed", "The method is not allowed here",
     "invalid_request_error", "method_not_allowed", "invalid_request_error", "UNIMPLEMENTED"},
    {Reason::request_timeout, 408, "request_timeout", "The request did not arrive in time",
     "invalid_request_error", "request_timeout", "timeout_error", "DEADLINE_EXCEEDED"},
    {Reason::body_too_large, 413, "body_too_large", "The request body is too large",
     "invalid_request_error", "body_too_large", "request_too_large", "INVALID_ARGUMENT"},
    {Reason::unsupported_media, 415, "unsupported_media", "The body's type cannot be read",
     "invalid_request_error", "unsupported_media", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::rate_limited, 429, "rate_limited", "A rate limit is reached", "rate_limit_error",
     "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"},
    {Reason::head_too_large, 431, "head_too_large", "The request's header fields are too large",
     "invalid_request_error", "head_too_large", "request_too_large", "INVALID_ARGUMENT"},
    {Reason::internal, 500, "internal", "The gateway failed", "server_error", "internal",
     "api_error", "INTERNAL"},
    {Reason::overloaded, 503, "overloaded", "The gateway is overloaded", "server_error",
     "overloaded", "overloaded_error", "UNAVAILABLE"},
    {Reason::draining, 503, "draining", "The gateway is shutting down", "server_error", "draining",
     "overloaded_error", "UNAVAILABLE"},
    {Reason::upstream_failed, 502, "upstream_failed", "The provider failed", "server_error",
     "upstream_failed", "api_error", "UNAVAILABLE"},
    {Reason::upstream_unavailable, 503, "upstream_unavailable", "The provider is unavailable",
     "server_error", "upstream_unavailable", "overloaded_error", "UNAVAILABLE"},
    {Reason::upstream_timeout, 504, "upstream_timeout", "The provider did not answer in time",
     "server_error", "upstream_timeout", "timeout_error", "DEADLINE_EXCEEDED"},
};
static_assert(std::size(kRows) == kReasonCount);
static_assert(
    [] {
      for (std::size_t i = 0; i < kReasonCount; ++i) {
        if (kRows[i].reason != static_cast<Reason>(i)) return false;
      }
      return true;
    }(),
    "rows stand in the order of the reasons");

}  // namespace

const ReasonRow& row(Reason reason) {
  return kRows[static_cast<std::size_t>(reason)];
}

}  // namespace headrace::policy

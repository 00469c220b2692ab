#include "policy/dialect/reason.h"

#include <algorithm>

namespace headrace::policy {
namespace {

constexpr ReasonRow kRows[] = {
    {Reason::invalid_request, 400, "invalid_request", MessageId::title_invalid_request,
     "invalid_request_error", "invalid_request", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::invalid_body, 400, "invalid_body", MessageId::title_invalid_body,
     "invalid_request_error", "invalid_body", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::model_missing, 400, "model_missing", MessageId::title_model_missing,
     "invalid_request_error", "model_missing", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::unsupported, 400, "unsupported", MessageId::title_unsupported, "invalid_request_error",
     "unsupported", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::unauthenticated, 401, "unauthenticated", MessageId::title_unauthenticated,
     "invalid_request_error", "invalid_api_key", "authentication_error", "UNAUTHENTICATED"},
    {Reason::budget_exhausted, 402, "budget_exhausted", MessageId::title_budget_exhausted,
     "insufficient_quota", "insufficient_quota", "billing_error", "FAILED_PRECONDITION"},
    {Reason::permission_denied, 403, "permission_denied", MessageId::title_permission_denied,
     "invalid_request_error", "permission_denied", "permission_error", "PERMISSION_DENIED"},
    {Reason::path_not_found, 404, "path_not_found", MessageId::title_path_not_found,
     "invalid_request_error", "unknown_url", "not_found_error", "NOT_FOUND"},
    {Reason::model_not_found, 404, "model_not_found", MessageId::title_model_not_found,
     "invalid_request_error", "model_not_found", "not_found_error", "NOT_FOUND"},
    {Reason::method_not_allowed, 405, "method_not_allowed", MessageId::title_method_not_allowed,
     "invalid_request_error", "method_not_allowed", "invalid_request_error", "UNIMPLEMENTED"},
    {Reason::request_timeout, 408, "request_timeout", MessageId::title_request_timeout,
     "invalid_request_error", "request_timeout", "timeout_error", "DEADLINE_EXCEEDED"},
    {Reason::body_too_large, 413, "body_too_large", MessageId::title_body_too_large,
     "invalid_request_error", "body_too_large", "request_too_large", "INVALID_ARGUMENT"},
    {Reason::unsupported_media, 415, "unsupported_media", MessageId::title_unsupported_media,
     "invalid_request_error", "unsupported_media", "invalid_request_error", "INVALID_ARGUMENT"},
    {Reason::rate_limited, 429, "rate_limited", MessageId::title_rate_limited, "rate_limit_error",
     "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED"},
    {Reason::head_too_large, 431, "head_too_large", MessageId::title_head_too_large,
     "invalid_request_error", "head_too_large", "request_too_large", "INVALID_ARGUMENT"},
    {Reason::internal, 500, "internal", MessageId::title_internal, "server_error", "internal",
     "api_error", "INTERNAL"},
    {Reason::overloaded, 503, "overloaded", MessageId::title_overloaded, "server_error",
     "overloaded", "overloaded_error", "UNAVAILABLE"},
    {Reason::draining, 503, "draining", MessageId::title_draining, "server_error", "draining",
     "overloaded_error", "UNAVAILABLE"},
    {Reason::not_cached, 504, "not_cached", MessageId::title_not_cached, "invalid_request_error",
     "not_cached", "invalid_request_error", "FAILED_PRECONDITION"},
    {Reason::upstream_failed, 502, "upstream_failed", MessageId::title_upstream_failed,
     "server_error", "upstream_failed", "api_error", "UNAVAILABLE"},
    {Reason::upstream_unavailable, 503, "upstream_unavailable",
     MessageId::title_upstream_unavailable, "server_error", "upstream_unavailable",
     "overloaded_error", "UNAVAILABLE"},
    {Reason::upstream_timeout, 504, "upstream_timeout", MessageId::title_upstream_timeout,
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

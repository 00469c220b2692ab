// Why the gateway answers by itself, and what that is called in each dialect: one row per reason.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/dialect/dialect.h"

namespace headrace::policy {

enum class Reason : std::uint8_t {
  // Downstream's fault
  invalid_request,     // 400 not as the dialect or HTTP has it
  invalid_body,        // 400 not JSON, or a fact that cannot be: detail has the place
  model_missing,       // 400
  unsupported,         // 400 understood, but not offered here (store, background ...)
  unauthenticated,     // 401 no key, or one that is unknown
  permission_denied,   // 403
  path_not_found,      // 404
  model_not_found,     // 404
  method_not_allowed,  // 405
  request_timeout,     // 408 the request did not arrive in time
  body_too_large,      // 413
  unsupported_media,   // 415 content type or coding that cannot be read
  head_too_large,      // 431
  // Limits
  budget_exhausted,  // 402
  rate_limited,      // 429
  // Ours
  internal,    // 500
  overloaded,  // 503 shed: memory, connections, queue
  draining,    // 503 shutting down
  // Upstream's fault
  upstream_failed,       // 502 broken, unreachable, or not HTTP
  upstream_unavailable,  // 503 every target is out
  upstream_timeout,      // 504
};
inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::upstream_timeout) + 1;

struct ReasonRow {
  Reason reason;
  std::uint16_t status;
  std::string_view code;   // stable, for programs: `rate_limited`
  std::string_view title;  // English, short, the same for every occurrence
  std::string_view openai_type;
  std::string_view openai_code;  // empty: null
  std::string_view anthropic_type;
  std::string_view gemini_status;
};

[[nodiscard]] const ReasonRow& row(Reason reason);

// The status for this dialect: as in the row, but 529 for an overload in Anthropic's.
[[nodiscard]] std::uint16_t status_of(Reason reason, Dialect dialect);

}  // namespace headrace::policy

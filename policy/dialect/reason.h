// Why the gateway answers by itself, and what that is called in each dialect: one row per reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/messages/message_id.h"

namespace headrace::policy {

enum class Reason : std::uint8_t {
  // Downstream's fault
  invalid_request,     // 400 not as HTTP or the dialect has it
  invalid_body,        // 400 not JSON, or a fact that cannot be: detail has the place
  model_missing,       // 400
  unsupported,         // 400 understood, but not offered here (store, background ...)
  unauthenticated,     // 401 no key, or one that nobody has
  budget_exhausted,    // 402
  permission_denied,   // 403
  path_not_found,      // 404
  model_not_found,     // 404
  method_not_allowed,  // 405
  request_timeout,     // 408 the request did not arrive in time
  body_too_large,      // 413
  unsupported_media,   // 415 a content type or coding that cannot be read
  rate_limited,        // 429
  head_too_large,      // 431
  // Ours
  internal,    // 500
  overloaded,  // 503 shed: memory, connections, queue
  draining,    // 503 shutting down
  not_cached,  // 504 only a kept answer was asked for, and there is none (RFC 9111)
  // Upstream's fault
  upstream_failed,       // 502 broken, unreachable, or not HTTP
  upstream_unavailable,  // 503 every target is out
  upstream_timeout,      // 504
};
inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::upstream_timeout) + 1;

struct ReasonRow {
  Reason reason;
  std::uint16_t status;
  std::string_view code;         // stable, for programs, metrics and logs
  MessageId title;               // the same for every occurrence
  std::string_view openai_type;  // OpenAI's error.type
  std::string_view openai_code;  // OpenAI's error.code
  std::string_view anthropic_type;
  std::string_view gemini_status;
};

[[nodiscard]] const ReasonRow& row(Reason reason);

[[nodiscard]] inline std::uint16_t status_of(Reason reason) {
  return row(reason).status;
}
[[nodiscard]] inline std::string_view to_text(Reason reason) {
  return row(reason).code;
}

}  // namespace headrace::policy

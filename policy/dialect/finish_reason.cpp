#include "policy/dialect/finish_reason.h"

namespace headrace::policy {
namespace {

struct Row {
  std::string_view text;
  FinishReason reason;
};

// No two dialects mean different things by one word. Of Responses, the status of the whole and the
// reason in incomplete_details.
constexpr Row kRows[] = {
    {"stop", FinishReason::stop},
    {"length", FinishReason::length},
    {"tool_calls", FinishReason::tool},
    {"function_call", FinishReason::tool},
    {"content_filter", FinishReason::filtered},
    {"completed", FinishReason::stop},
    {"max_output_tokens", FinishReason::length},
    {"failed", FinishReason::failed},
    {"in_progress", FinishReason::none},
    {"queued", FinishReason::none},
    {"end_turn", FinishReason::stop},
    {"stop_sequence", FinishReason::stop},
    {"max_tokens", FinishReason::length},
    {"model_context_window_exceeded", FinishReason::length},
    {"tool_use", FinishReason::tool},
    {"refusal", FinishReason::filtered},
    {"STOP", FinishReason::stop},
    {"MAX_TOKENS", FinishReason::length},
    {"SAFETY", FinishReason::filtered},
    {"RECITATION", FinishReason::filtered},
    {"BLOCKLIST", FinishReason::filtered},
    {"PROHIBITED_CONTENT", FinishReason::filtered},
    {"SPII", FinishReason::filtered},
    {"IMAGE_SAFETY", FinishReason::filtered},
    {"FINISH_REASON_UNSPECIFIED", FinishReason::none},
};

}  // namespace

FinishReason finish_reason_of(std::string_view text) {
  for (const Row& row : kRows) {
    if (row.text == text) return row.reason;
  }
  return FinishReason::other;
}

}  // namespace headrace::policy

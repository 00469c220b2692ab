// Why a model stopped, in one word for all dialects.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::policy {

enum class FinishReason : std::uint8_t {
  none,      // not said (yet)
  stop,      // natural end, or a stop sequence
  length,    // the output cap, or the context's end
  tool,      // the model wants a tool called
  filtered,  // content filter, safety, refusal
  failed,    // an error
  other,
};

// As it stands in logs and metrics.

// What a provider of any dialect calls it: `stop`, `end_turn`, `MAX_TOKENS` ...
[[nodiscard]] FinishReason finish_reason_of(std::string_view text);

}  // namespace headrace::policy

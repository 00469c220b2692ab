// Why a model stopped, in one word for all dialects.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::policy {

enum class FinishReason : std::uint8_t {
  none,      // not said (yet)
  stop,      // natural end, or a stop sequence
  length,    // the output cap
  tool,      // the model wants a tool called
  filtered,  // content filter, safety, refusal
  failed,    // an error
  other,
};
[[nodiscard]] std::string_view to_text(FinishReason reason);

}  // namespace headrace::policy

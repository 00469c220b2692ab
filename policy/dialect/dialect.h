// The wire formats that Headrace speaks to both sides. A request and its answer stay within one.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::policy {

enum class Dialect : std::uint8_t { openai, anthropic, gemini };

// As it stands in config, logs and metrics.
[[nodiscard]] constexpr std::string_view to_text(Dialect dialect) {
  switch (dialect) {
    case Dialect::openai:
      return "openai";
    case Dialect::anthropic:
      return "anthropic";
    case Dialect::gemini:
      return "gemini";
  }
  return "";
}

}  // namespace headrace::policy

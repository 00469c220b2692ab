// In which of two forms a streamed answer comes.
#pragma once

#include <cstdint>

namespace headrace::policy {

enum class StreamForm : std::uint8_t {
  events,      // text/event-stream
  json_array,  // Gemini without alt=sse; or one JSON value, where the provider has no more to say
};

}  // namespace headrace::policy

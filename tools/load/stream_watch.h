// What of an event stream a load generator measures: events, events that carry tokens, whether one
// of them told an error, whether the stream came to its end.
//
// Pure and cheap: markers are looked for within each event's data; an event that arrives cut in the
// middle of a marker may be missed, never counted twice.
#pragma once

#include <cstdint>
#include <span>

#include "policy/dialect/sse_framer.h"

namespace headrace::tools::load {

class StreamWatch {
 public:
  struct Seen {
    std::uint32_t events = 0;        // ended within this slice
    std::uint32_t token_events = 0;  // of these
  };
  void restart() { *this = StreamWatch(); }
  Seen feed(std::span<const std::byte> slice);

  [[nodiscard]] bool told_error() const { return told_error_; }
  // [DONE], message_stop, a finished response or a finish reason of Gemini's was seen.
  [[nodiscard]] bool told_end() const { return told_end_; }

 private:
  void look_at(std::string_view data);

  policy::SseFramer framer_;
  bool named_ = false;  // this event
  bool has_data_ = false;
  bool has_tokens_ = false;
  bool told_error_ = false;
  bool told_end_ = false;
};

}  // namespace headrace::tools::load

// What of an event stream a load generator measures: events, events that carry tokens, whether one
// of them told an error, whether the stream came to its end, when the mock sent them.
//
// Pure and cheap: markers are looked for within each event's data; an event that arrives cut in the
// middle of a marker may be missed, never counted twice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "policy/dialect/sse_framer.h"

namespace headrace::tools::load {

class StreamWatch {
 public:
  static constexpr std::size_t kStampsMax = 16;
  struct Seen {
    std::uint32_t events = 0;        // ended within this slice
    std::uint32_t token_events = 0;  // of these
    // The stamps of the first kStampsMax events that carry one (tools/event_stamp).
    std::uint32_t stamps = 0;
    std::array<std::uint64_t, kStampsMax> sent_nanos;
  };
  void restart() { *this = StreamWatch(); }
  Seen feed(std::span<const std::byte> slice);

  [[nodiscard]] bool told_error() const { return told_error_; }
  // [DONE], message_stop, a finished response or a finish reason of Gemini's was seen.
  [[nodiscard]] bool told_end() const { return told_end_; }

 private:
  void look_at(std::string_view data, Seen& seen);

  policy::SseFramer framer_;
  bool named_ = false;  // this event
  bool has_data_ = false;
  bool has_tokens_ = false;
  bool told_error_ = false;
  bool told_end_ = false;
};

}  // namespace headrace::tools::load

// Cuts an event stream (HTML standard, "server-sent events") into lines and events, fed in slices
// of any size, in place: nothing is copied and nothing is held back.
//
// Lines end with LF, CRLF or CR, mixed as they come; an empty line ends an event. A CR ends its
// line at once: the LF of a CRLF that is cut by a slice is taken as part of the same line end when
// it comes. A byte order mark at the very start is skipped.
//
//   framer.feed(slice);
//   while ((token = framer.next()).kind != SseToken::Kind::more) ...
//
// Threads:    plain data, 24 bytes besides the slice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::policy {

struct SseToken {
  enum class Kind : std::uint8_t {
    data,       // bytes of a `data` line's value; several tokens when a slice cuts it
    event,      // bytes of an `event` line's value, likewise
    other,      // a comment, another field; without its bytes
    event_end,  // the empty line; also reported for an event without any field
    more,       // the slice is used up
  };
  Kind kind = Kind::more;
  bool line_end = false;   // data, event, other: the line ends with this token
  std::string_view value;  // data, event
  std::size_t end = 0;     // offset in the slice just behind this token and its line end
};

class SseFramer {
 public:
  void feed(std::string_view slice);
  [[nodiscard]] SseToken next();
  // Between two events: what was fed ends with an empty line (or nothing was fed).
  [[nodiscard]] bool at_event_start() const { return event_start_; }

 private:
  enum class Line : std::uint8_t { start, name, value_start, data, event, other };
  const char* slice_ = nullptr;
  const char* cursor_ = nullptr;
  const char* end_ = nullptr;
  Line line_ = Line::start;
  std::uint8_t name_size_ = 0;
  char name_[6] = {};
  bool after_cr_ = false;
  bool event_start_ = true;
  std::uint8_t mark_bytes_ = 0;
  bool first_ = true;
};

}  // namespace headrace::policy

// Cuts an event stream (HTML standard, "server-sent events") into lines and events, fed in slices
// of any size, in place: nothing is copied and nothing is held back.
//
// Lines end with LF, CRLF or CR, mixed as they come; an empty line ends an event. A CR ends its
// line at once: the LF of a CRLF that a slice's border cuts is passed over when it comes. A byte
// order mark at the very start is passed over.
//
//   framer.feed(slice);
//   while ((token = framer.next()).kind != SseToken::Kind::more) ...
//
// Threads:    plain data.
// Lifetime:   a slice must stay until the next feed().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::policy {

struct SseToken {
  enum class Kind : std::uint8_t {
    data,       // bytes of a `data` line's value; several tokens when slices cut it
    event,      // bytes of an `event` line's value, likewise
    other,      // a comment or another field, without its bytes
    event_end,  // the empty line
    more,       // the slice is used up
  };
  Kind kind = Kind::more;
  bool line_end = false;   // data, event, other: the line ends here
  std::string_view value;  // data, event
  std::size_t end = 0;     // offset in the slice just behind this token and its line end
};

class SseFramer {
 public:
  void feed(std::string_view slice);
  [[nodiscard]] SseToken next();

  // Between two events: what is left of the slice, and passing over the first bytes of it, which
  // are one whole event.
  [[nodiscard]] std::string_view rest() const {
    return {cursor_, static_cast<std::size_t>(end_ - cursor_)};
  }
  void skip_event(std::size_t size) {
    cursor_ += size;
    after_cr_ = false;
  }

  // What was passed so far ends between two events.
  [[nodiscard]] bool between_events() const { return between_events_; }

 private:
  enum class Line : std::uint8_t { start, name, value_start, value };

  [[nodiscard]] bool begins_with_half_a_mark() const;
  void begin_line();
  void end_name();
  SseToken value_token();
  void take_line_end();

  const char* slice_ = nullptr;
  const char* cursor_ = nullptr;
  const char* end_ = nullptr;
  Line line_ = Line::start;
  SseToken::Kind kind_ = SseToken::Kind::other;  // of the line
  std::array<char, 5> name_{};                   // longer ones are of no interest
  std::uint8_t name_size_ = 0;
  std::uint8_t mark_size_ = 0;  // bytes of the byte order mark seen; beyond it: none can come
  bool after_cr_ = false;
  bool between_events_ = true;
};

}  // namespace headrace::policy

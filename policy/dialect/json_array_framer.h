// Cuts one JSON array that is sent in pieces (Gemini's stream without alt=sse) into its elements,
// fed in slices of any size, in place: nothing is copied and nothing is held back.
//
// An element begins with what stands before it (the array's bracket, or a comma, and blanks) and
// ends with its own last byte, so behind each one another element of ours may follow. The array's
// closing bracket ends what stands before it likewise; what comes behind it is passed over. A text
// that is no array is one element without an end. Elements are found by quotes and brackets alone:
// whether they are JSON is for others to judge.
//
// Its tokens are those of policy/dialect/sse_framer.h: `data` the bytes of an element, `other` what
// stands before one, `event_end` behind each.
//
// Threads:    plain data.
// Lifetime:   a slice must stay until the next feed().
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/dialect/sse_framer.h"

namespace headrace::policy {

class JsonArrayFramer {
 public:
  void feed(std::string_view slice);
  [[nodiscard]] SseToken next();

  // What was passed so far ends behind an element or the whole array, or is nothing.
  [[nodiscard]] bool between_elements() const { return between_elements_; }
  [[nodiscard]] std::uint64_t elements() const { return elements_; }  // that have ended
  [[nodiscard]] bool closed() const { return state_ == State::closed; }
  [[nodiscard]] bool no_array() const { return state_ == State::no_array; }

 private:
  enum class State : std::uint8_t {
    start,   // the array's bracket must come
    before,  // an element, or the closing bracket
    element,
    closed,
    no_array,
  };

  [[nodiscard]] SseToken token(SseToken::Kind kind) const;
  [[nodiscard]] SseToken data_from(const char* begin) const;
  [[nodiscard]] SseToken end_element();
  [[nodiscard]] SseToken end_event();
  void pass_blanks(bool commas);
  void scan_element();

  const char* slice_ = nullptr;
  const char* cursor_ = nullptr;
  const char* end_ = nullptr;
  std::uint64_t elements_ = 0;
  std::uint64_t depth_ = 0;  // brackets open within the element
  State state_ = State::start;
  bool between_elements_ = true;
  bool in_string_ = false;
  bool escaped_ = false;        // the next byte of the string
  bool element_ended_ = false;  // its bytes were told, its end was not
};

}  // namespace headrace::policy

#include "policy/dialect/json_array_framer.h"

#include <utility>

#include "policy/json/json_blank.h"
#include "policy/json/json_skip.h"

namespace headrace::policy {

void JsonArrayFramer::feed(std::string_view slice) {
  slice_ = cursor_ = slice.data();
  end_ = slice_ + slice.size();
}

SseToken JsonArrayFramer::token(SseToken::Kind kind) const {
  SseToken token;
  token.kind = kind;
  token.end = static_cast<std::size_t>(cursor_ - slice_);
  return token;
}

SseToken JsonArrayFramer::data_from(const char* begin) const {
  SseToken data = token(SseToken::Kind::data);
  data.value = {begin, static_cast<std::size_t>(cursor_ - begin)};
  return data;
}

void JsonArrayFramer::pass_blanks(bool commas) {
  while (cursor_ != end_ && (is_json_blank(*cursor_) || (commas && *cursor_ == ','))) {
    ++cursor_;
    between_elements_ = false;
  }
}

SseToken JsonArrayFramer::end_element() {
  element_ended_ = false;
  ++elements_;
  state_ = State::before;
  return end_event();
}

SseToken JsonArrayFramer::end_event() {
  between_elements_ = true;
  return token(SseToken::Kind::event_end);
}

// Up to the element's end, or the slice's.
void JsonArrayFramer::scan_element() {
  for (; cursor_ != end_; ++cursor_) {
    if (in_string_) {
      if (std::exchange(escaped_, false)) continue;
      cursor_ = skip_string_run(cursor_, end_);
      if (cursor_ == end_) return;
      escaped_ = *cursor_ == '\\';
      in_string_ = *cursor_ != '"';
      continue;
    }
    const char c = *cursor_;
    switch (c) {
      case '"':
        in_string_ = true;
        break;
      case '{':
      case '[':
        ++depth_;
        break;
      case '}':
      case ']':
        // A word or number ends where the array does.
        if (depth_ == 0) {
          element_ended_ = c == ']';
          if (element_ended_) return;
          break;
        }
        element_ended_ = --depth_ == 0;
        if (!element_ended_) break;
        ++cursor_;
        return;
      case ',':
        element_ended_ = depth_ == 0;
        if (element_ended_) return;
        break;
      default:
        break;
    }
  }
}

SseToken JsonArrayFramer::next() {
  if (element_ended_) return end_element();
  while (cursor_ != end_) {
    switch (state_) {
      case State::start:
        pass_blanks(false);
        if (cursor_ == end_) break;
        between_elements_ = false;
        if (*cursor_ != '[') {
          state_ = State::no_array;
          break;
        }
        ++cursor_;
        state_ = State::before;
        return token(SseToken::Kind::other);

      case State::before:
        pass_blanks(true);
        if (cursor_ == end_) break;
        if (*cursor_ == ']') {
          ++cursor_;
          state_ = State::closed;
          return end_event();
        }
        between_elements_ = false;
        depth_ = 0;
        state_ = State::element;
        break;

      case State::element: {
        const char* const begin = cursor_;
        scan_element();
        // A word or number that the slice's border cut may be over at once.
        return cursor_ == begin ? end_element() : data_from(begin);
      }

      case State::closed:
        cursor_ = end_;
        break;

      case State::no_array: {
        const char* const begin = std::exchange(cursor_, end_);
        return data_from(begin);
      }
    }
  }
  return token(SseToken::Kind::more);
}

}  // namespace headrace::policy

#include "policy/dialect/sse_framer.h"

#include <algorithm>
#include <cstring>

#if defined(__SSE2__)
#include <bit>

#include <emmintrin.h>
#endif

namespace headrace::policy {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::uint8_t kNoMark = 4;

bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

// The first LF or CR in [at, end), or end.
const char* find_line_end(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i lf = _mm_set1_epi8('\n');
  const __m128i cr = _mm_set1_epi8('\r');
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto found = static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr))));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  return std::find_if(at, end, is_line_end);
}

}  // namespace

bool SseFramer::begins_with_half_a_mark() const {
  return mark_size_ > 0 && mark_size_ < kByteOrderMark.size();
}

void SseFramer::feed(std::string_view slice) {
  slice_ = cursor_ = slice.data();
  end_ = slice_ + slice.size();
}

// Passes over the line end under the cursor, as far as it is there.
void SseFramer::take_line_end() {
  after_cr_ = *cursor_ == '\r';
  ++cursor_;
  if (after_cr_ && cursor_ != end_) {
    after_cr_ = false;
    if (*cursor_ == '\n') ++cursor_;
  }
}

void SseFramer::begin_line() {
  between_events_ = false;
  // Nearly all lines are these.
  if (end_ - cursor_ >= 5 && std::memcmp(cursor_, "data:", 5) == 0) {
    cursor_ += 5;
    kind_ = SseToken::Kind::data;
    line_ = Line::value_start;
    return;
  }
  name_size_ = 0;
  line_ = Line::name;
}

void SseFramer::end_name() {
  const std::string_view name{name_.data(), std::min<std::size_t>(name_size_, name_.size())};
  kind_ = SseToken::Kind::other;
  if (name_size_ <= name_.size()) {
    if (name == "data") kind_ = SseToken::Kind::data;
    if (name == "event") kind_ = SseToken::Kind::event;
  }
}

SseToken SseFramer::value_token() {
  SseToken token;
  token.kind = kind_;
  const char* const end = find_line_end(cursor_, end_);
  if (kind_ != SseToken::Kind::other) {
    token.value = {cursor_, static_cast<std::size_t>(end - cursor_)};
  }
  cursor_ = end;
  if (cursor_ != end_) {
    token.line_end = true;
    line_ = Line::start;
    take_line_end();
  }
  token.end = static_cast<std::size_t>(cursor_ - slice_);
  return token;
}

SseToken SseFramer::next() {
  while (cursor_ != end_) {
    const char c = *cursor_;
    if (after_cr_) {
      after_cr_ = false;
      if (c == '\n') {
        ++cursor_;
        continue;
      }
    }
    switch (line_) {
      case Line::start:
        if (mark_size_ < kByteOrderMark.size() && c == kByteOrderMark[mark_size_]) {
          ++mark_size_;
          ++cursor_;
          between_events_ = false;
          continue;
        }
        if (begins_with_half_a_mark()) {
          // Then it was none, but the name of a field.
          name_size_ = static_cast<std::uint8_t>(name_.size() + 1);
          line_ = Line::name;
          mark_size_ = kNoMark;
          continue;
        }
        mark_size_ = kNoMark;
        if (is_line_end(c)) {
          take_line_end();
          between_events_ = true;
          SseToken token;
          token.kind = SseToken::Kind::event_end;
          token.end = static_cast<std::size_t>(cursor_ - slice_);
          return token;
        }
        begin_line();
        continue;

      case Line::name:
        if (c == ':') {
          ++cursor_;
          end_name();
          line_ = Line::value_start;
        } else if (is_line_end(c)) {
          // A field without a colon has an empty value.
          end_name();
          line_ = Line::value;
        } else {
          if (name_size_ < name_.size()) name_[name_size_] = c;
          name_size_ = static_cast<std::uint8_t>(std::min<int>(name_size_ + 1, 6));
          ++cursor_;
        }
        continue;

      case Line::value_start:
        if (c == ' ') ++cursor_;
        line_ = Line::value;
        continue;

      case Line::value:
        return value_token();
    }
  }
  SseToken token;
  token.end = static_cast<std::size_t>(end_ - slice_);
  return token;
}

}  // namespace headrace::policy

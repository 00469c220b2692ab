#include "net/http/chunked_decoder.h"

#include <algorithm>

#include "net/http/text.h"

namespace headrace::net::http {

ChunkStep ChunkedDecoder::next(std::span<const std::byte> input) {
  ChunkStep step;
  while (step.consumed < input.size() && state_ != State::done && state_ != State::bad) {
    if (state_ == State::data) {
      const auto rest = input.subspan(step.consumed);
      const std::size_t size = std::min<std::uint64_t>(rest.size(), remaining_);
      remaining_ -= size;
      extension_excess_ -=
          static_cast<std::uint32_t>(std::min<std::uint64_t>(extension_excess_, size));
      if (remaining_ == 0) state_ = State::data_cr;
      step.consumed += size;
      step.data = rest.first(size);
      step.status = ChunkStatus::data;
      return step;
    }
    step.error = advance(static_cast<char>(input[step.consumed]));
    if (step.error != ParseError::none) state_ = State::bad;
    ++step.consumed;
  }
  if (state_ == State::done) step.status = ChunkStatus::done;
  if (state_ == State::bad) step.status = ChunkStatus::bad;
  return step;
}

// One byte of framing.
ParseError ChunkedDecoder::advance(char c) {
  switch (state_) {
    case State::size_first:
    case State::size:
      return advance_size(c);
    case State::size_space:
      if (c == ';')
        state_ = State::extension;
      else if (c != ' ' && c != '\t')
        return ParseError::chunk_size;
      return count_extension_byte();
    case State::extension:
      if (c == '\r') {
        state_ = State::size_lf;
        return ParseError::none;
      }
      if (!is(CharClass::field_value, c)) return ParseError::chunk_extension;
      return count_extension_byte();
    case State::size_lf:
      if (c != '\n') return ParseError::chunk_line_end;
      state_ = remaining_ > 0 ? State::data : State::trailer_start;
      line_bytes_ = 0;
      digits_ = 0;
      return ParseError::none;
    case State::data_cr:
      state_ = State::data_lf;
      return c == '\r' ? ParseError::none : ParseError::chunk_data_end;
    case State::data_lf:
      state_ = State::size_first;
      return c == '\n' ? ParseError::none : ParseError::chunk_data_end;
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_lf:
      return advance_trailer(c);
    case State::end_lf:
      state_ = State::done;
      return c == '\n' ? ParseError::none : ParseError::trailer_field;
    case State::data:
    case State::done:
    case State::bad:
      break;
  }
  return ParseError::chunk_size;  // not reached: next() hands over framing bytes only
}

ParseError ChunkedDecoder::advance_size(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    if (digits_ == kChunkSizeDigitsMax) return ParseError::chunk_size_too_large;
    ++digits_;
    remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
    state_ = State::size;
    return ParseError::none;
  }
  if (state_ == State::size_first) return ParseError::chunk_size;
  switch (c) {
    case '\r':
      state_ = State::size_lf;
      return ParseError::none;
    case ';':
      state_ = State::extension;
      return count_extension_byte();
    case ' ':
    case '\t':
      state_ = State::size_space;
      return count_extension_byte();
    default:
      return ParseError::chunk_size;
  }
}

ParseError ChunkedDecoder::count_extension_byte() {
  ++line_bytes_;
  ++extension_excess_;
  const bool too_long =
      line_bytes_ > kChunkExtensionBytesMax || extension_excess_ > kChunkExtensionExcessMax;
  return too_long ? ParseError::chunk_extension_too_long : ParseError::none;
}

ParseError ChunkedDecoder::advance_trailer(char c) {
  if (state_ == State::trailer_start && c == '\r') {
    state_ = State::end_lf;
    return ParseError::none;
  }
  if (++line_bytes_ > kTrailerBytesMax) return ParseError::trailers_too_large;
  switch (state_) {
    case State::trailer_start:  // white space here would be a folded line
      state_ = State::trailer_name;
      return is(CharClass::token, c) ? ParseError::none : ParseError::trailer_field;
    case State::trailer_name:
      if (c == ':')
        state_ = State::trailer_value;
      else if (!is(CharClass::token, c))
        return ParseError::trailer_field;
      return ParseError::none;
    case State::trailer_value:
      if (c == '\r')
        state_ = State::trailer_lf;
      else if (!is(CharClass::field_value, c))
        return ParseError::trailer_field;
      return ParseError::none;
    default:
      state_ = State::trailer_start;
      return c == '\n' ? ParseError::none : ParseError::trailer_field;
  }
}

}  // namespace headrace::net::http

// Frames the body bytes of one received buffer for the other side, in the buffer itself, so that
// they leave as one contiguous run without being copied.
//
//   received   | upstream's head | 1a5 CRLF | data ........ | CRLF | 3f CRLF | data ... | CRLF |
//   sent             | our head  | 1a5 CRLF | data ........ | CRLF | 3f CRLF | data ... | CRLF |
//
// Our size line is never longer than the one that it replaces, and a run that starts at the
// buffer's edge has the headroom before it and the padding behind it. Only where something was left
// out between two runs (an event that is not the client's, a chunk extension) the later run is
// moved down to close the gap.
//
// Use: one framer per buffer: append() each run of body bytes in order, then last_chunk() if the
// body ends here, then bytes(). RFC 9112 section 7.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/http/framing.h"

namespace headrace::net::http {

class BodyFramer {
 public:
  // `out` is chunked, length or until_close. `last_line_bytes` before the first run are free to be
  // written (headroom, or bytes of the received message that were consumed).
  explicit BodyFramer(BodyFraming out) : chunked_(out == BodyFraming::chunked) {}

  // `run` lies in the buffer, after all earlier runs. Not empty.
  void append(std::span<std::byte> run);
  // Ends the body: the last chunk, no trailers. `at` is where to write when nothing was appended.
  void last_chunk(std::byte* at);

  [[nodiscard]] std::span<std::byte> bytes() const { return {begin_, end_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  // Body bytes appended, without framing.
  [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }

 private:
  std::byte* begin_ = nullptr;
  std::byte* end_ = nullptr;
  std::uint64_t body_bytes_ = 0;
  bool chunked_;
};

}  // namespace headrace::net::http

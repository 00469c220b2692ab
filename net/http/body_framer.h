// Frames the body bytes of one received buffer for the other side, in the buffer itself, so that
// they leave as one contiguous run without being copied.
//
//   received   | upstream's head | 1a5 CRLF | data ........ | CRLF | 3f CRLF | data ... | CRLF |
//   sent             | our head  | 1a5 CRLF | data ........ | CRLF | 3f CRLF | data ... | CRLF |
//
// Nothing is written before a later byte of the buffer may still be read, so that runs may touch
// each other and bytes of a next message may follow. Large runs stay where they are: what stood
// between two chunks holds our framing too, its size padded with zeros. Small ones, and those with
// something left out before them (an event that is not the client's), move up and share a chunk.
//
// Use: one framer per buffer: append() each run of body bytes in order, then last_chunk() if the
// body ends here, then finish(). The buffer has headroom before its first run for a size line, and
// padding behind its last. RFC 9112 section 7.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/http/framing.h"

namespace headrace::net::http {

class BodyFramer {
 public:
  // `out` is chunked, length or until_close.
  explicit BodyFramer(BodyFraming out) : chunked_(out == BodyFraming::chunked) {}

  // `run` lies in the buffer, after all earlier runs. Not empty.
  void append(std::span<std::byte> run);
  // The body ends: the last chunk, no trailers. `at` is where to write when nothing was appended.
  void last_chunk(std::byte* at);
  // What is to be sent; empty where nothing was appended. Called once, last.
  [[nodiscard]] std::span<std::byte> finish();

  // Body bytes appended, without framing.
  [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }

 private:
  // From here on a run is worth a chunk of its own rather than a move.
  static constexpr std::ptrdiff_t kInPlaceBytes = 1024;
  // CRLF, size, CRLF: what must lie between two chunks, and what padding fills at most.
  static constexpr std::ptrdiff_t kGapBytesMin = 2 + 1 + 2;
  static constexpr std::ptrdiff_t kGapBytesMax = 2 + 16 + 2;

  void close_chunk();

  std::byte* begin_ = nullptr;  // of what is to be sent, without the first size line until closed
  std::byte* chunk_ = nullptr;  // data of the chunk under way
  std::byte* end_ = nullptr;
  std::size_t size_digits_ = 0;  // room for the size of the chunk under way; 0: the first one
  std::uint64_t body_bytes_ = 0;
  bool chunked_;
  bool ends_ = false;
};

}  // namespace headrace::net::http

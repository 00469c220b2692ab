// Takes chunked transfer coding apart, in place: body bytes come out as slices of what went in.
//
// State:      16 bytes, resumable at every byte; lives in the exchange.
// Bounds:     sizes of at most 15 hexadecimal digits; extensions and trailers are checked, bounded
//             and dropped; many small chunks with long extensions are refused as well.
// Invariants: the sequence of body bytes and the verdict do not depend on how the input was cut.
// RFC 9112 section 7.1, strict: CRLF only, no white space but before ";", no control characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/http/parse_error.h"

namespace headrace::net::http {

inline constexpr std::size_t kChunkSizeDigitsMax = 15;
inline constexpr std::size_t kChunkExtensionBytesMax = 1024;     // of one chunk
inline constexpr std::size_t kChunkExtensionExcessMax = 16'384;  // beyond the body bytes so far
inline constexpr std::size_t kTrailerBytesMax = 8'192;

enum class ChunkStatus : std::uint8_t {
  data,       // `data` holds body bytes; call again with the rest
  need_more,  // everything was consumed
  done,       // the body is complete; what is beyond `consumed` belongs to the next message
  bad,        // refuse and close; the body must stay visibly incomplete for whoever receives it
};

struct ChunkStep {
  ChunkStatus status = ChunkStatus::need_more;
  ParseError error = ParseError::none;
  std::size_t consumed = 0;         // bytes taken from the input, data included
  std::span<const std::byte> data;  // a slice of the input
};

class ChunkedDecoder {
 public:
  // Looks at `input` up to the end of the first run of body bytes. After `done` or `bad` only
  // reset() may follow.
  ChunkStep next(std::span<const std::byte> input);
  void reset() { *this = ChunkedDecoder(); }
  [[nodiscard]] bool done() const { return state_ == State::done; }
  // Body bytes of the current chunk that are still to come.
  [[nodiscard]] std::uint64_t chunk_remaining() const {
    return state_ == State::data ? remaining_ : 0;
  }

 private:
  enum class State : std::uint8_t {
    size_first,
    size,
    size_space,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    bad,
  };
  ParseError advance(char c);
  ParseError advance_size(char c);
  ParseError advance_trailer(char c);
  ParseError count_extension_byte();

  std::uint64_t remaining_ = 0;         // size read so far, then bytes of the chunk still to come
  std::uint32_t extension_excess_ = 0;  // extension bytes not yet made up for by body bytes
  std::uint16_t line_bytes_ = 0;        // of this chunk's extensions, or of all trailers
  std::uint8_t digits_ = 0;
  State state_ = State::size_first;
};

static_assert(sizeof(ChunkedDecoder) == 16, "one stands in every exchange");

}  // namespace headrace::net::http

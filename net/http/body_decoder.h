// Takes a message's body out of what was received, whatever its framing: body bytes come out as
// slices of what went in.
//
// State: 32 bytes, resumable at every byte; lives in the exchange. RFC 9112 section 6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/http/chunked_decoder.h"
#include "net/http/framing.h"

namespace headrace::net::http {

class BodyDecoder {
 public:
  BodyDecoder() = default;
  BodyDecoder(BodyFraming framing, std::uint64_t content_length)
      : remaining_(framing == BodyFraming::length ? content_length : 0), framing_(framing) {}

  // As ChunkedDecoder::next(). A body of known length that is complete says `done` before it looks
  // at any byte, so next({}) tells whether there is a body at all. A body that ends with the
  // connection never says `done`.
  ChunkStep next(std::span<const std::byte> input);

  // Of a body of known length: this many bytes, at most remaining(), took another way.
  void pass_over(std::uint64_t bytes) { remaining_ -= bytes; }

  [[nodiscard]] BodyFraming framing() const { return framing_; }
  // Bytes still to come of a body of known length.
  [[nodiscard]] std::uint64_t remaining() const { return remaining_; }
  [[nodiscard]] bool complete() const {
    switch (framing_) {
      case BodyFraming::none:
        return true;
      case BodyFraming::length:
        return remaining_ == 0;
      case BodyFraming::chunked:
        return chunked_.done();
      case BodyFraming::until_close:
        return false;
    }
    return false;
  }

 private:
  ChunkedDecoder chunked_;
  std::uint64_t remaining_ = 0;
  BodyFraming framing_ = BodyFraming::none;
};

}  // namespace headrace::net::http

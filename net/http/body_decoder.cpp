#include "net/http/body_decoder.h"

#include <algorithm>

namespace headrace::net::http {

ChunkStep BodyDecoder::next(std::span<const std::byte> input) {
  ChunkStep step;
  if (framing_ == BodyFraming::chunked) return chunked_.next(input);
  if (complete()) {
    step.status = ChunkStatus::done;
    return step;
  }
  if (input.empty()) return step;
  const std::size_t size =
      framing_ == BodyFraming::length
          ? static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), remaining_))
          : input.size();
  if (framing_ == BodyFraming::length) remaining_ -= size;
  step.status = ChunkStatus::data;
  step.consumed = size;
  step.data = input.first(size);
  return step;
}

}  // namespace headrace::net::http

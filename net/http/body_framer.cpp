#include "net/http/body_framer.h"

#include <cstring>

#include "core/check.h"
#include "net/http/chunk_writer.h"

namespace headrace::net::http {

void BodyFramer::append(std::span<std::byte> run) {
  HEADRACE_CHECK(!run.empty());
  body_bytes_ += run.size();
  std::byte* data = run.data();
  if (!chunked_) {
    if (begin_ == nullptr) {
      begin_ = end_ = data;
    } else if (end_ != data) {
      std::memmove(end_, data, run.size());
    }
    end_ += run.size();
    return;
  }
  const ChunkSizeLine line(run.size());
  const std::size_t line_bytes = line.text().size();
  if (begin_ == nullptr) {
    begin_ = data - line_bytes;
  } else if (end_ != data - line_bytes) {
    HEADRACE_CHECK(end_ + line_bytes <= data, "a run would be moved up over itself");
    std::memmove(end_ + line_bytes, data, run.size());
    data = end_ + line_bytes;
  }
  std::memcpy(data - line_bytes, line.text().data(), line_bytes);
  end_ = data + run.size();
  std::memcpy(end_, kChunkEnd.data(), kChunkEnd.size());
  end_ += kChunkEnd.size();
}

void BodyFramer::last_chunk(std::byte* at) {
  if (!chunked_) return;
  if (begin_ == nullptr) begin_ = end_ = at;
  std::memcpy(end_, kLastChunk.data(), kLastChunk.size());
  end_ += kLastChunk.size();
}

}  // namespace headrace::net::http

#include "net/http/chunk_writer.h"

#include <charconv>

#include "core/check.h"

namespace headrace::net::http {

ChunkSizeLine::ChunkSizeLine(std::uint64_t bytes) {
  HEADRACE_CHECK(bytes > 0, "an empty chunk would end the body");
  char* end = std::to_chars(text_.data(), text_.data() + 16, bytes, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  size_ = static_cast<std::uint8_t>(end - text_.data());
}

}  // namespace headrace::net::http

#include "net/http/body_framer.h"

#include <array>
#include <charconv>
#include <cstring>

#include "core/check.h"
#include "net/http/chunk_writer.h"

namespace headrace::net::http {

void BodyFramer::append(std::span<std::byte> run) {
  HEADRACE_CHECK(!run.empty());
  body_bytes_ += run.size();
  std::byte* data = run.data();
  if (begin_ == nullptr) {
    begin_ = chunk_ = data;
    end_ = data + run.size();
    return;
  }
  const std::ptrdiff_t gap = data - end_;
  HEADRACE_CHECK(gap >= 0, "runs come in order");
  if (chunked_ && std::ssize(run) >= kInPlaceBytes && gap >= kGapBytesMin && gap <= kGapBytesMax) {
    close_chunk();
    chunk_ = data;
    size_digits_ = static_cast<std::size_t>(gap) - kChunkEnd.size() - 2;
    end_ = data + run.size();
    return;
  }
  if (gap > 0) std::memmove(end_, data, run.size());
  end_ += run.size();
}

// Writes the size before the chunk's data and the line end behind them.
void BodyFramer::close_chunk() {
  std::array<char, 16> digits;
  const auto size = static_cast<std::uint64_t>(end_ - chunk_);
  const char* digits_end =
      std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  const auto count = static_cast<std::size_t>(digits_end - digits.data());
  if (size_digits_ == 0) {
    begin_ = chunk_ - 2 - count;
    size_digits_ = count;
  } else if (count > size_digits_) {
    // It grew beyond the room before it: the chunks before it move into the headroom.
    const std::size_t missing = count - size_digits_;
    std::memmove(begin_ - missing, begin_,
                 static_cast<std::size_t>(chunk_ - begin_) - 2 - size_digits_);
    begin_ -= missing;
    size_digits_ = count;
  }
  std::byte* at = chunk_ - 2 - size_digits_;
  std::fill_n(at, size_digits_ - count, std::byte{'0'});
  std::memcpy(at + size_digits_ - count, digits.data(), count);
  std::memcpy(chunk_ - 2, kChunkEnd.data(), 2);
  std::memcpy(end_, kChunkEnd.data(), kChunkEnd.size());
  end_ += kChunkEnd.size();
}

void BodyFramer::last_chunk(std::byte* at) {
  ends_ = true;
  if (begin_ == nullptr && chunked_) begin_ = end_ = at;
}

std::span<std::byte> BodyFramer::finish() {
  if (!chunked_) return {begin_, end_};
  if (chunk_ != nullptr) close_chunk();
  if (ends_) {
    std::memcpy(end_, kLastChunk.data(), kLastChunk.size());
    end_ += kLastChunk.size();
  }
  return {begin_, end_};
}

}  // namespace headrace::net::http

#include "net/proxy/request_message.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace headrace::net {

namespace {

// Up to where the last edit ends. What is edited most is a first member.
constexpr std::size_t kBeginningBytesMax = 64;

}  // namespace

void RequestMessage::take_head(std::span<char> room, std::size_t bytes) {
  const std::span<const policy::Edit> made = edits.edits();
  const std::size_t end = made.empty() ? 0 : std::size_t{made.back().offset} + made.back().removed;
  const std::size_t edited = edits.length_after(body_bytes) - body_bytes + end;
  const bool fits =
      edited <= room.size() - bytes && bytes + edited <= head_bytes + kRewriteRoom + end;
  if (!made.empty() && end <= kBeginningBytesMax && fits) {
    std::array<std::string_view, policy::EditList::kSlicesMax> slices;
    const std::size_t count =
        edits.slices({reinterpret_cast<const char*>(body_begin()), end}, slices);
    char* at = room.data() + bytes;
    for (const std::string_view slice : std::span(slices).first(count))
      at = std::copy(slice.begin(), slice.end(), at);
    edits.clear();
    beginning_bytes = end;
    bytes += edited;
  }
  std::byte* const at = body_begin() + beginning_bytes - bytes;
  std::memcpy(at, room.data(), bytes);
  written_head = {at, bytes};
}

}  // namespace headrace::net

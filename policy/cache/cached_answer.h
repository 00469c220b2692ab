// What the cache keeps of an answer beside its body: what its head said, and what it cost.
//
// Threads: a value of plain bytes, kept as an entry's note (core/cache/cache_hold.h).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "core/cache/cache_builder.h"
#include "policy/dialect/usage.h"

namespace headrace::policy {

struct CachedAnswer {
  static constexpr std::size_t kContentTypeBytesMax = 64;

  Usage usage;  // as the provider reported it: what a hit has saved
  std::array<char, kContentTypeBytesMax> content_type{};
  std::uint8_t content_type_bytes = 0;
  bool streamed = false;  // as an event stream

  [[nodiscard]] bool set_content_type(std::string_view value) {
    if (value.size() > kContentTypeBytesMax) return false;
    std::ranges::copy(value, content_type.begin());
    content_type_bytes = static_cast<std::uint8_t>(value.size());
    return true;
  }
  [[nodiscard]] std::string_view type() const { return {content_type.data(), content_type_bytes}; }

  [[nodiscard]] static CachedAnswer read(std::span<const std::byte> note) {
    CachedAnswer answer;
    std::memcpy(&answer, note.data(), std::min(note.size(), sizeof answer));
    return answer;
  }
  [[nodiscard]] std::span<const std::byte> note() const {
    return std::as_bytes(std::span(this, 1));
  }
};
static_assert(std::is_trivially_copyable_v<CachedAnswer>);
static_assert(sizeof(CachedAnswer) <= core::kCacheNoteBytesMax);

}  // namespace headrace::policy

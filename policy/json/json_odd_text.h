// Tells texts of a JSON string that may stand for another one from those that are plain.
//
// Threads: pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headrace::policy {

// Whether the text has escapes, or characters beyond ASCII, which a reader may fold to those of
// ASCII. Bytes up to `readable` may be read; the text ends at or before it.
inline bool is_odd_text(std::string_view text, const char* readable) {
#if defined(__SSE2__)
  // Nearly all keys are as short as that.
  constexpr std::size_t kBlock = 16;
  if (text.size() <= kBlock && readable - text.data() >= std::ptrdiff_t{kBlock}) [[likely]] {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
    const __m128i odd = _mm_or_si128(bytes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    const std::uint32_t within = (std::uint32_t{1} << text.size()) - 1;
    return (static_cast<std::uint32_t>(_mm_movemask_epi8(odd)) & within) != 0;
  }
#endif
  return std::ranges::any_of(
      text, [](char c) { return c == '\\' || static_cast<unsigned char>(c) >= 0x80; });
}

inline bool has_escape(std::string_view text, const char* readable) {
  constexpr std::size_t kShort = 16;
  if (text.size() <= kShort && !is_odd_text(text, readable)) [[likely]]
    return false;
  return text.find('\\') != std::string_view::npos;
}

}  // namespace headrace::policy

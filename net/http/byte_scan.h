// Finds the bytes that end lines or must not be there: sixteen at a time where the machine can
// (SSE2 is part of every x86-64), eight at a time elsewhere. Reads nothing beyond the end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headrace::net::http {

constexpr bool is_control(char c) {
  const auto value = static_cast<unsigned char>(c);
  return (value < 0x20 && value != '\t') || value == 0x7f;
}

namespace byte_scan_detail {

inline constexpr std::uint64_t kEveryByte = 0x0101010101010101U;
inline constexpr std::uint64_t kHighBits = 0x80 * kEveryByte;

// High bit set in each byte of `word` that is zero. Exact, not only for the lowest one.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  const std::uint64_t low = (word & ~kHighBits) + ~kHighBits;
  return ~(low | word) & kHighBits;
}

}  // namespace byte_scan_detail

// Calls visit(offset) for each control character (all of C0 but HTAB, and DEL) in
// text from `from` on, in order, until visit returns false. True when all were visited.
template <class Visit>
inline bool visit_controls_portable(std::string_view text, std::size_t from, Visit&& visit) {
  using namespace byte_scan_detail;
  const char* const bytes = text.data();
  const std::size_t to = text.size();
  std::size_t at = from;
  if constexpr (std::endian::native == std::endian::little) {
    for (; to - at >= 8; at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes + at, 8);
      std::uint64_t found = zero_bytes(word & (0xe0 * kEveryByte));     // below 0x20,
      found &= ~zero_bytes(word ^ (std::uint64_t{'\t'} * kEveryByte));  // but not HTAB,
      found |= zero_bytes(word ^ (0x7f * kEveryByte));                  // or DEL
      for (; found != 0; found &= found - 1) {
        if (!visit(at + static_cast<std::size_t>(std::countr_zero(found)) / 8)) return false;
      }
    }
  }
  for (; at < to; ++at) {
    if (is_control(bytes[at]) && !visit(at)) return false;
  }
  return true;
}

template <class Visit>
inline bool visit_controls(std::string_view text, std::size_t from, Visit&& visit) {
#if defined(__SSE2__)
  const char* const bytes = text.data();
  const std::size_t to = text.size();
  const __m128i last_of_c0 = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; to - from >= 16; from += 16) {
    __m128i block;
    std::memcpy(&block, bytes + from, 16);
    const __m128i c0 = _mm_cmpeq_epi8(_mm_min_epu8(block, last_of_c0), block);
    const __m128i controls =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(block, tab), c0), _mm_cmpeq_epi8(block, del));
    auto found = static_cast<unsigned>(_mm_movemask_epi8(controls));
    for (; found != 0; found &= found - 1) {
      if (!visit(from + static_cast<std::size_t>(std::countr_zero(found)))) return false;
    }
  }
#endif
  return visit_controls_portable(text, from, visit);
}

inline bool has_control(std::string_view text) {
  return !visit_controls(text, 0, [](std::size_t) { return false; });
}

// The first CR in [at, end); end where there is none.
inline const char* find_cr(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i cr = _mm_set1_epi8('\r');
  for (; end - at >= 16; at += 16) {
    __m128i block;
    std::memcpy(&block, at, 16);
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, cr)));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  while (at != end && *at != '\r')
    ++at;
  return at;
}

// Skips letters, digits and "-", of which nearly every field name is made, sixteen at a time; may
// stop before any of them, never beyond one that is something else.
inline const char* skip_plain_name(const char* at, const char* end) {
#if defined(__SSE2__)
  const auto in_range = [](__m128i block, char first, char last) {
    const __m128i offset = _mm_sub_epi8(block, _mm_set1_epi8(first));
    const __m128i most = _mm_set1_epi8(static_cast<char>(last - first));
    return _mm_cmpeq_epi8(_mm_min_epu8(offset, most), offset);
  };
  for (; end - at >= 16; at += 16) {
    __m128i block;
    std::memcpy(&block, at, 16);
    const __m128i letters = in_range(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i digits = in_range(block, '0', '9');
    const __m128i hyphens = _mm_cmpeq_epi8(block, _mm_set1_epi8('-'));
    const __m128i plain = _mm_or_si128(_mm_or_si128(letters, digits), hyphens);
    const auto other = ~static_cast<unsigned>(_mm_movemask_epi8(plain)) & 0xffffU;
    if (other != 0) return at + std::countr_zero(other);
  }
#endif
  static_cast<void>(end);
  return at;
}

}  // namespace headrace::net::http

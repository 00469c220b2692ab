// Finds the bytes that end lines or must not be there: sixteen at a time where the machine can
// (SSE2 is part of every x86-64, SSSE3 of every server's), eight at a time elsewhere. Reads nothing
// beyond the end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#if defined(__SSSE3__)
#include <tmmintrin.h>
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

#if defined(__SSE2__)
// All bits set in each byte that is a control.
inline __m128i controls(__m128i block) {
  const __m128i c0 = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
  const __m128i c0_without_tab = _mm_andnot_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('\t')), c0);
  return _mm_or_si128(c0_without_tab, _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f)));
}
#endif

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
  for (; to - from >= 16; from += 16) {
    __m128i block;
    std::memcpy(&block, bytes + from, 16);
    auto found = static_cast<unsigned>(_mm_movemask_epi8(byte_scan_detail::controls(block)));
    for (; found != 0; found &= found - 1) {
      if (!visit(from + static_cast<std::size_t>(std::countr_zero(found)))) return false;
    }
  }
#endif
  return visit_controls_portable(text, from, visit);
}

inline bool has_control(std::string_view text) {
#if defined(__SSE2__)
  // In blocks of sixteen, the last of which may overlap the one before; what is shorter is brought
  // together from two overlapping halves.
  using byte_scan_detail::controls;
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const char* const at = text.data();
  const std::size_t size = text.size();
  if (size >= 16) {
    __m128i found = controls(load(at + size - 16));
    for (std::size_t offset = 0; offset + 16 < size; offset += 16)
      found = _mm_or_si128(found, controls(load(at + offset)));
    return _mm_movemask_epi8(found) != 0;
  }
  if (size >= 8) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::memcpy(&first, at, 8);
    std::memcpy(&last, at + size - 8, 8);
    const __m128i block =
        _mm_set_epi64x(static_cast<std::int64_t>(last), static_cast<std::int64_t>(first));
    return _mm_movemask_epi8(controls(block)) != 0;
  }
#endif
  return !visit_controls_portable(text, 0, [](std::size_t) { return false; });
}

// The controls of 64 bytes, a bit for each byte: all of them, and the line feeds among them.
struct ControlBits {
  std::uint64_t all = 0;
  std::uint64_t line_feeds = 0;
};

inline ControlBits control_bits(const char* at) {
  ControlBits bits;
#if defined(__SSE2__)
  const auto take = [&](unsigned place) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + place));
    const auto mask = [](__m128i bytes) {
      return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(bytes)));
    };
    bits.all |= mask(byte_scan_detail::controls(block)) << place;
    bits.line_feeds |= mask(_mm_cmpeq_epi8(block, _mm_set1_epi8('\n'))) << place;
  };
  take(0);
  take(16);
  take(32);
  take(48);
#else
  for (unsigned i = 0; i < 64; ++i) {
    bits.all |= static_cast<std::uint64_t>(is_control(at[i])) << i;
    bits.line_feeds |= static_cast<std::uint64_t>(at[i] == '\n') << i;
  }
#endif
  return bits;
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

#if defined(__SSSE3__)
namespace byte_scan_detail {

// Letters, digits and "-" by both halves of the byte: a bit for each upper half that has some.
struct PlainNameBits {
  alignas(16) char by_lower_half[16] = {};
  alignas(16) char by_upper_half[16] = {};
};
inline constexpr PlainNameBits kPlainNameBits = [] {
  PlainNameBits bits;
  for (unsigned i = 0; i < 128; ++i) {
    const auto c = static_cast<char>(i);
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    if (plain)
      bits.by_lower_half[i & 0xf] = static_cast<char>(bits.by_lower_half[i & 0xf] | 1 << i / 16);
    bits.by_upper_half[i / 16] = static_cast<char>(1 << i / 16);
  }
  return bits;
}();

}  // namespace byte_scan_detail
#endif

// Skips letters, digits and "-", of which nearly every field name is made, sixteen at a time; may
// stop before any of them, never beyond one that is something else.
inline const char* skip_plain_name(const char* at, const char* end) {
#if defined(__SSSE3__)
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const __m128i half = _mm_set1_epi8(0x0f);
  const __m128i by_lower_half = load(byte_scan_detail::kPlainNameBits.by_lower_half);
  const __m128i by_upper_half = load(byte_scan_detail::kPlainNameBits.by_upper_half);
  for (; end - at >= 16; at += 16) {
    const __m128i block = load(at);
    const __m128i lower = _mm_shuffle_epi8(by_lower_half, _mm_and_si128(block, half));
    const __m128i upper =
        _mm_shuffle_epi8(by_upper_half, _mm_and_si128(_mm_srli_epi16(block, 4), half));
    const __m128i other = _mm_cmpeq_epi8(_mm_and_si128(lower, upper), _mm_setzero_si128());
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(other));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  static_cast<void>(end);
  return at;
}

}  // namespace headrace::net::http

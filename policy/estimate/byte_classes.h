// Which of 64 bytes are what: a bit per byte.
//
// Threads: pure functions.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headrace::policy {

struct ByteClasses {
  std::uint64_t letters = 0;  // of ASCII
  std::uint64_t capitals = 0;
  std::uint64_t digits = 0;
  std::uint64_t spaces = 0;
  std::uint64_t quotes = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t high = 0;  // beyond ASCII
};

#if defined(__SSE2__)

[[nodiscard]] inline ByteClasses classify_64(const char* bytes) {
  const auto up_to = [](__m128i from_zero, char last) {
    return _mm_cmpeq_epi8(_mm_min_epu8(from_zero, _mm_set1_epi8(last)), from_zero);
  };
  const auto bits = [](__m128i which) {
    return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(which)));
  };
  ByteClasses classes;
  for (unsigned at = 0; at < 64; at += 16) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
    const __m128i small = _mm_or_si128(here, _mm_set1_epi8(0x20));
    classes.letters |= bits(up_to(_mm_sub_epi8(small, _mm_set1_epi8('a')), 25)) << at;
    classes.capitals |= bits(up_to(_mm_sub_epi8(here, _mm_set1_epi8('A')), 25)) << at;
    classes.digits |= bits(up_to(_mm_sub_epi8(here, _mm_set1_epi8('0')), 9)) << at;
    classes.spaces |= bits(_mm_cmpeq_epi8(here, _mm_set1_epi8(' '))) << at;
    classes.quotes |= bits(_mm_cmpeq_epi8(here, _mm_set1_epi8('"'))) << at;
    classes.backslashes |= bits(_mm_cmpeq_epi8(here, _mm_set1_epi8('\\'))) << at;
    classes.high |= bits(here) << at;
  }
  return classes;
}

#else

[[nodiscard]] inline ByteClasses classify_64(const char* bytes) {
  ByteClasses classes;
  for (unsigned at = 0; at < 64; ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    const std::uint64_t bit = std::uint64_t{1} << at;
    if ((byte | 0x20U) - 'a' < 26U) classes.letters |= bit;
    if (byte - 'A' < 26U && byte >= 'A') classes.capitals |= bit;
    if (byte >= '0' && byte <= '9') classes.digits |= bit;
    if (byte == ' ') classes.spaces |= bit;
    if (byte == '"') classes.quotes |= bit;
    if (byte == '\\') classes.backslashes |= bit;
    if (byte >= 0x80) classes.high |= bit;
  }
  return classes;
}

#endif

}  // namespace headrace::policy

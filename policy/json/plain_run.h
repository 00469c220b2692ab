// Finds the end of a run of plain bytes in a JSON string: the fast half of every JSON walk.
//
// Needs no padding: within 16 bytes of the end, or without SSE2, it goes byte by byte.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headrace::policy {

// The first of quote, backslash and control character (below 0x20) in [at, end), or end.
// `non_ascii` becomes true if a byte above 0x7F was passed; it may also become true for one that
// stands up to 64 bytes behind the result.
[[nodiscard]] inline const char* skip_plain_run(const char* at, const char* end, bool& non_ascii) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i last_control = _mm_set1_epi8(0x1F);
  const auto stops = [&](__m128i bytes) {
    const __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(bytes, last_control), last_control);
    return _mm_or_si128(
        control, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
  };
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const auto bits = [](__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); };
  if (end - at >= 16) {
    // Most strings are short: one block before the long stride.
    const __m128i head = load(at);
    non_ascii |= bits(head) != 0;
    if (const unsigned stop = bits(stops(head)); stop != 0) return at + std::countr_zero(stop);
    at += 16;
  }
  while (end - at >= 64) {
    const __m128i a = load(at);
    const __m128i b = load(at + 16);
    const __m128i c = load(at + 32);
    const __m128i d = load(at + 48);
    const __m128i stop_a = stops(a);
    const __m128i stop_b = stops(b);
    const __m128i stop_c = stops(c);
    const __m128i stop_d = stops(d);
    non_ascii |= bits(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))) != 0;
    if (bits(_mm_or_si128(_mm_or_si128(stop_a, stop_b), _mm_or_si128(stop_c, stop_d))) != 0) {
      const std::uint64_t stop = static_cast<std::uint64_t>(bits(stop_a)) |
                                 static_cast<std::uint64_t>(bits(stop_b)) << 16 |
                                 static_cast<std::uint64_t>(bits(stop_c)) << 32 |
                                 static_cast<std::uint64_t>(bits(stop_d)) << 48;
      return at + std::countr_zero(stop);
    }
    at += 64;
  }
  while (end - at >= 16) {
    const __m128i bytes = load(at);
    non_ascii |= bits(bytes) != 0;
    if (const unsigned stop = bits(stops(bytes)); stop != 0) return at + std::countr_zero(stop);
    at += 16;
  }
#endif
  for (; at != end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '"' || byte == '\\' || byte < 0x20) break;
    non_ascii |= byte > 0x7F;
  }
  return at;
}

}  // namespace headrace::policy

// Passes over strings and counts of a JSON text whose structure is known already: nothing here
// finds out what a text is, only where a string or count that begins here ends.
//
// Padding: none needed; nothing is read beyond the end.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <bit>

#include <emmintrin.h>
#endif

namespace headrace::policy {

inline constexpr std::ptrdiff_t kCountDigitsMax = 18;

// The first quote, backslash or control character in [at, end), or end.
inline const char* skip_string_run(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1F);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i stops =
        _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(bytes, control), control),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(stops));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20)
    ++at;
  return at;
}

// The quote that ends the string whose text begins at `at`; null where there is none in sight, or a
// control character stands before it.
inline const char* find_string_end(const char* at, const char* end) {
  for (;;) {
    at = skip_string_run(at, end);
    if (at == end) return nullptr;
    if (*at == '"') return at;
    // A control character cannot stand here, nor behind a backslash.
    if (*at != '\\' || end - at < 2 || static_cast<unsigned char>(at[1]) < 0x20) return nullptr;
    at += 2;
  }
}

// Passes over at least one and at most kCountDigitsMax digits; null where they do not stand as JSON
// has them, without a zero at their front.
inline const char* skip_count(const char* at, const char* end, std::int64_t& count) {
  const char* const begin = at;
  count = 0;
  for (; at != end && *at >= '0' && *at <= '9' && at - begin < kCountDigitsMax; ++at)
    count = count * 10 + (*at - '0');
  return at == begin || (*begin == '0' && at - begin > 1) ? nullptr : at;
}

}  // namespace headrace::policy

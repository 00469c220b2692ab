#include "policy/estimate/byte_classes.h"

#if defined(__x86_64__)

#include <immintrin.h>

// Everything below is compiled for these instructions, whatever the build's baseline is.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw")
#endif

namespace headrace::policy {
namespace {

std::uint64_t range(__m512i bytes, char first, char last) {
  return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(first)),
                                _mm512_set1_epi8(static_cast<char>(last - first)));
}
std::uint64_t equal(__m512i bytes, char c) {
  return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
}

}  // namespace

void classify_bytes_avx512(const char* bytes, std::size_t blocks, ByteClasses* classes) {
  for (std::size_t i = 0; i < blocks; ++i) {
    const __m512i all = _mm512_loadu_si512(bytes + 64 * i);
    ByteClasses& here = classes[i];
    here.letters = range(_mm512_or_si512(all, _mm512_set1_epi8(0x20)), 'a', 'z');
    here.capitals = range(all, 'A', 'Z');
    here.digits = range(all, '0', '9');
    here.spaces = equal(all, ' ');
    here.quotes = equal(all, '"');
    here.backslashes = equal(all, '\\');
    here.high = _mm512_movepi8_mask(all);
  }
}

}  // namespace headrace::policy

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif

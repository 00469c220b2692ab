#include "policy/estimate/byte_classes.h"

#if defined(__x86_64__)

#include <immintrin.h>

// Everything below is compiled for these instructions, whatever the build's baseline is.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

namespace headrace::policy {
namespace {

__m256i up_to(__m256i from_zero, char last) {
  return _mm256_cmpeq_epi8(_mm256_min_epu8(from_zero, _mm256_set1_epi8(last)), from_zero);
}
__m256i range(__m256i bytes, char first, char last) {
  return up_to(_mm256_sub_epi8(bytes, _mm256_set1_epi8(first)), static_cast<char>(last - first));
}
__m256i letters(__m256i bytes) {
  return range(_mm256_or_si256(bytes, _mm256_set1_epi8(0x20)), 'a', 'z');
}
// In the highest bit of each byte: whether it is a small letter, where it is a letter.
__m256i small_bit(__m256i bytes) {
  return _mm256_slli_epi16(bytes, 2);
}
__m256i equal(__m256i bytes, char c) {
  return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c));
}
std::uint64_t join(__m256i low, __m256i high) {
  return static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(low))) |
         static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(high))) << 32U;
}

}  // namespace

void classify_bytes_avx2(const char* bytes, std::size_t blocks, ByteClasses* classes) {
  for (std::size_t i = 0; i < blocks; ++i) {
    const auto* at = reinterpret_cast<const __m256i*>(bytes + 64 * i);
    const __m256i low = _mm256_loadu_si256(at);
    const __m256i high = _mm256_loadu_si256(at + 1);
    ByteClasses& here = classes[i];
    here.letters = join(letters(low), letters(high));
    here.capitals = here.letters & ~join(small_bit(low), small_bit(high));
    here.digits = join(range(low, '0', '9'), range(high, '0', '9'));
    here.spaces = join(equal(low, ' '), equal(high, ' '));
    here.quotes = join(equal(low, '"'), equal(high, '"'));
    here.backslashes = join(equal(low, '\\'), equal(high, '\\'));
    here.high = join(low, high);
  }
}

}  // namespace headrace::policy

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif

#include "policy/estimate/byte_classes.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headrace::policy {
namespace {

#if defined(__SSE2__)

ByteClasses classify_64(const char* bytes) {
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

ByteClasses classify_64(const char* bytes) {
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

using Classify = void (*)(const char*, std::size_t, ByteClasses*);

Classify widest() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bw")) return classify_bytes_avx512;
  if (__builtin_cpu_supports("avx2")) return classify_bytes_avx2;
#endif
  return classify_bytes_baseline;
}

const Classify kClassify = widest();

}  // namespace

void classify_bytes_baseline(const char* bytes, std::size_t blocks, ByteClasses* classes) {
  for (std::size_t i = 0; i < blocks; ++i)
    classes[i] = classify_64(bytes + 64 * i);
}

void classify_bytes(const char* bytes, std::size_t blocks, ByteClasses* classes) {
  kClassify(bytes, blocks, classes);
}

}  // namespace headrace::policy

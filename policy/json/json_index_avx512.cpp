#include "policy/json/json_index_avx512.h"

#if defined(__x86_64__)

#include <immintrin.h>

// Everything below is compiled for these instructions, whatever the build's baseline is.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt")
#endif

namespace headrace::policy {
namespace {

class Bytes64 {
 public:
  explicit Bytes64(const char* from) : bytes_(_mm512_loadu_si512(from)) {}

  [[nodiscard]] bool any_above_7f() const { return _mm512_movepi8_mask(bytes_) != 0; }
  [[nodiscard]] bool any_special() const { return (up_to(0x1F) | equal('"') | equal('\\')) != 0; }
  [[nodiscard]] bool any_quote_or_backslash() const { return (equal('"') | equal('\\')) != 0; }
  [[nodiscard]] std::uint64_t equal(char c) const {
    return _mm512_cmpeq_epi8_mask(bytes_, _mm512_set1_epi8(c));
  }
  [[nodiscard]] std::uint64_t up_to(char c) const {
    return _mm512_cmple_epu8_mask(bytes_, _mm512_set1_epi8(c));
  }
  [[nodiscard]] std::uint64_t operators() const {
    // With bit 5 set, [ is {, and ] is }.
    const __m512i folded = _mm512_or_si512(bytes_, _mm512_set1_epi8(0x20));
    return _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('{')) |
           _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('}')) | equal(':') | equal(',');
  }
  [[nodiscard]] std::uint64_t hex_digits() const {
    const __m512i folded = _mm512_or_si512(bytes_, _mm512_set1_epi8(0x20));
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes_, _mm512_set1_epi8('0')),
                                  _mm512_set1_epi8(9)) |
           _mm512_cmple_epu8_mask(_mm512_sub_epi8(folded, _mm512_set1_epi8('a')),
                                  _mm512_set1_epi8(5));
  }

 private:
  __m512i bytes_;
};

inline std::uint16_t* write_places(std::uint64_t bits, unsigned base, std::uint16_t* out) {
  alignas(64) static constexpr unsigned char kPlaces[64] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
      44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  const auto count = static_cast<unsigned>(__builtin_popcountll(bits));
  const __m512i places = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(kPlaces));
  const __m512i offset = _mm512_set1_epi16(static_cast<short>(base));
  _mm512_storeu_si512(
      out, _mm512_add_epi16(offset, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places))));
  if (count > 32) {
    _mm512_storeu_si512(
        out + 32,
        _mm512_add_epi16(offset, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(places, 1))));
  }
  return out + count;
}

#include "policy/json/json_index_kernel.h"

}  // namespace

std::size_t index_json_avx512(const char* text, std::size_t size, const char* end,
                              JsonIndexState& state, std::uint16_t* offsets) {
  return index_blocks(text, size, end, state, offsets);
}

}  // namespace headrace::policy

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif

#include "policy/json/json_index_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

// Everything below is compiled for these instructions, whatever the build's baseline is.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,popcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,popcnt")
#endif

namespace headrace::policy {
namespace {

class Bytes64 {
 public:
  explicit Bytes64(const char* from) : a_(load(from)), b_(load(from + 32)) {}

  [[nodiscard]] bool any_above_7f() const {
    return _mm256_movemask_epi8(_mm256_or_si256(a_, b_)) != 0;
  }
  [[nodiscard]] bool any_special() const {
    return _mm256_movemask_epi8(_mm256_or_si256(special(a_), special(b_))) != 0;
  }
  [[nodiscard]] bool any_quote_or_backslash() const {
    return _mm256_movemask_epi8(_mm256_or_si256(quote_or_backslash(a_), quote_or_backslash(b_))) !=
           0;
  }
  [[nodiscard]] std::uint64_t equal(char c) const {
    const __m256i wanted = _mm256_set1_epi8(c);
    return join(_mm256_cmpeq_epi8(a_, wanted), _mm256_cmpeq_epi8(b_, wanted));
  }
  [[nodiscard]] std::uint64_t up_to(char c) const {
    const __m256i last = _mm256_set1_epi8(c);
    return join(not_above(a_, last), not_above(b_, last));
  }
  [[nodiscard]] std::uint64_t operators() const {
    return join(operator_bytes(a_), operator_bytes(b_));
  }
  [[nodiscard]] std::uint64_t hex_digits() const { return join(hex_bytes(a_), hex_bytes(b_)); }

 private:
  static __m256i load(const char* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static __m256i not_above(__m256i bytes, __m256i last) {
    return _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, last), last);
  }
  static __m256i special(__m256i bytes) {
    return _mm256_or_si256(not_above(bytes, _mm256_set1_epi8(0x1F)), quote_or_backslash(bytes));
  }
  static __m256i quote_or_backslash(__m256i bytes) {
    return _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')),
                           _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\')));
  }
  static __m256i operator_bytes(__m256i bytes) {
    // With bit 5 set, [ is {, and ] is }.
    const __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    return _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('{')),
                                           _mm256_cmpeq_epi8(folded, _mm256_set1_epi8('}'))),
                           _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(':')),
                                           _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(','))));
  }
  static __m256i hex_bytes(__m256i bytes) {
    const __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    return _mm256_or_si256(
        not_above(_mm256_sub_epi8(bytes, _mm256_set1_epi8('0')), _mm256_set1_epi8(9)),
        not_above(_mm256_sub_epi8(folded, _mm256_set1_epi8('a')), _mm256_set1_epi8(5)));
  }
  static std::uint64_t join(__m256i a, __m256i b) {
    const auto low = static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(a)));
    const auto high = static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(b)));
    return low | high << 32;
  }

  __m256i a_, b_;
};

// The place of the lowest bit; of no bit, any number.
unsigned place_of_lowest(std::uint64_t bits) {
  return static_cast<unsigned>(_tzcnt_u64(bits));
}

// Writes base + the place of each bit. Eight at a time whether they are there or not: the room
// behind the last one is there, and a branch less per token is what counts.
inline std::uint16_t* write_places(std::uint64_t bits, unsigned base, std::uint16_t* out) {
  const auto count = static_cast<unsigned>(__builtin_popcountll(bits));
  std::uint16_t* const behind = out + count;
  do {
    for (unsigned i = 0; i < 8; ++i) {
      out[i] = static_cast<std::uint16_t>(base + static_cast<unsigned>(place_of_lowest(bits)));
      bits &= bits - 1;
    }
    out += 8;
  } while (bits != 0);
  return behind;
}

#include "policy/json/json_index_kernel.h"

}  // namespace

std::size_t index_json_avx2(const char* text, std::size_t size, const char* end,
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

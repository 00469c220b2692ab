#include "policy/json/json_index.h"

#include "core/check.h"
#include "policy/json/json_index_avx2.h"
#include "policy/json/json_index_avx512.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headrace::policy {
namespace {

#if defined(__SSE2__)

class Bytes64 {
 public:
  explicit Bytes64(const char* from)
      : a_(load(from)), b_(load(from + 16)), c_(load(from + 32)), d_(load(from + 48)) {}

  [[nodiscard]] bool any_above_7f() const {
    return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(a_, b_), _mm_or_si128(c_, d_))) != 0;
  }
  [[nodiscard]] bool any_special() const {
    return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(special(a_), special(b_)),
                                          _mm_or_si128(special(c_), special(d_)))) != 0;
  }
  [[nodiscard]] bool any_quote_or_backslash() const {
    return _mm_movemask_epi8(
               _mm_or_si128(_mm_or_si128(quote_or_backslash(a_), quote_or_backslash(b_)),
                            _mm_or_si128(quote_or_backslash(c_), quote_or_backslash(d_)))) != 0;
  }
  [[nodiscard]] std::uint64_t equal(char c) const {
    const __m128i wanted = _mm_set1_epi8(c);
    return join(_mm_cmpeq_epi8(a_, wanted), _mm_cmpeq_epi8(b_, wanted), _mm_cmpeq_epi8(c_, wanted),
                _mm_cmpeq_epi8(d_, wanted));
  }
  [[nodiscard]] std::uint64_t up_to(char c) const {
    const __m128i last = _mm_set1_epi8(c);
    return join(not_above(a_, last), not_above(b_, last), not_above(c_, last), not_above(d_, last));
  }
  [[nodiscard]] std::uint64_t operators() const {
    return join(operator_bytes(a_), operator_bytes(b_), operator_bytes(c_), operator_bytes(d_));
  }
  [[nodiscard]] std::uint64_t hex_digits() const {
    return join(hex_bytes(a_), hex_bytes(b_), hex_bytes(c_), hex_bytes(d_));
  }

 private:
  static __m128i load(const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  static __m128i not_above(__m128i bytes, __m128i last) {
    return _mm_cmpeq_epi8(_mm_max_epu8(bytes, last), last);
  }
  static __m128i special(__m128i bytes) {
    return _mm_or_si128(not_above(bytes, _mm_set1_epi8(0x1F)), quote_or_backslash(bytes));
  }
  static __m128i quote_or_backslash(__m128i bytes) {
    return _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                        _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  }
  static __m128i operator_bytes(__m128i bytes) {
    // With bit 5 set, [ is {, and ] is }.
    const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    return _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')),
                                     _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'))),
                        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(':')),
                                     _mm_cmpeq_epi8(bytes, _mm_set1_epi8(','))));
  }
  static __m128i hex_bytes(__m128i bytes) {
    const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    return _mm_or_si128(not_above(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), _mm_set1_epi8(9)),
                        not_above(_mm_sub_epi8(folded, _mm_set1_epi8('a')), _mm_set1_epi8(5)));
  }
  static std::uint64_t join(__m128i a, __m128i b, __m128i c, __m128i d) {
    const auto bits = [](__m128i bytes) {
      return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(bytes)));
    };
    return bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48;
  }

  __m128i a_, b_, c_, d_;
};

#else

class Bytes64 {
 public:
  explicit Bytes64(const char* from) { __builtin_memcpy(bytes_, from, sizeof bytes_); }

  [[nodiscard]] bool any_above_7f() const {
    return mask([](unsigned char c) { return c > 0x7F; }) != 0;
  }
  [[nodiscard]] bool any_special() const {
    return mask([](unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }) != 0;
  }
  [[nodiscard]] bool any_quote_or_backslash() const {
    return mask([](unsigned char c) { return c == '"' || c == '\\'; }) != 0;
  }
  [[nodiscard]] std::uint64_t equal(char wanted) const {
    return mask([wanted](unsigned char c) { return c == static_cast<unsigned char>(wanted); });
  }
  [[nodiscard]] std::uint64_t up_to(char last) const {
    return mask([last](unsigned char c) { return c <= static_cast<unsigned char>(last); });
  }
  [[nodiscard]] std::uint64_t operators() const {
    return mask([](unsigned char c) {
      return (c | 0x20) == '{' || (c | 0x20) == '}' || c == ':' || c == ',';
    });
  }
  [[nodiscard]] std::uint64_t hex_digits() const {
    return mask([](unsigned char c) {
      return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    });
  }

 private:
  template <class Test>
  [[nodiscard]] std::uint64_t mask(Test test) const {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < 64; ++i)
      bits |= static_cast<std::uint64_t>(test(bytes_[i])) << i;
    return bits;
  }
  unsigned char bytes_[64];
};

#endif

// The place of the lowest bit; of no bit, any number.
unsigned place_of_lowest(std::uint64_t bits) {
  return static_cast<unsigned>(__builtin_ctzll(bits | std::uint64_t{1} << 63));
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

std::size_t index_json_baseline(const char* text, std::size_t size, const char* end,
                                JsonIndexState& state, std::uint16_t* offsets) {
  return index_blocks(text, size, end, state, offsets);
}

namespace {

using IndexFunction = std::size_t (*)(const char*, std::size_t, const char*, JsonIndexState&,
                                      std::uint16_t*);

IndexFunction widest() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
    return index_json_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) return index_json_avx2;
#endif
  return index_json_baseline;
}

const IndexFunction kIndex = widest();

}  // namespace

std::size_t index_json(const char* text, std::size_t size, const char* end, JsonIndexState& state,
                       std::uint16_t* offsets) {
  return kIndex(text, size, end, state, offsets);
}

}  // namespace headrace::policy

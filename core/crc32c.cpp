#include "core/crc32c.h"

#include <array>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace headrace::core {

namespace {

// One step over one or eight bytes, as the processor has it; where it has none, a table of all
// single bytes.
#if defined(__SSE4_2__)
std::uint32_t step(std::uint32_t crc, std::uint8_t byte) {
  return _mm_crc32_u8(crc, byte);
}
std::uint32_t step(std::uint32_t crc, std::uint64_t word) {
  return static_cast<std::uint32_t>(_mm_crc32_u64(crc, word));
}
#elif defined(__ARM_FEATURE_CRC32)
std::uint32_t step(std::uint32_t crc, std::uint8_t byte) {
  return __crc32cb(crc, byte);
}
std::uint32_t step(std::uint32_t crc, std::uint64_t word) {
  return __crc32cd(crc, word);
}
#else
constexpr std::array<std::uint32_t, 256> kTable = [] {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
    table[byte] = crc;
  }
  return table;
}();
std::uint32_t step(std::uint32_t crc, std::uint8_t byte) {
  return (crc >> 8U) ^ kTable[(crc ^ byte) & 0xffU];
}
std::uint32_t step(std::uint32_t crc, std::uint64_t word) {
  for (int i = 0; i < 8; ++i, word >>= 8U)
    crc = step(crc, static_cast<std::uint8_t>(word));
  return crc;
}
#endif

std::uint64_t word_at(const std::byte* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before) {
  std::uint32_t crc = ~before;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  constexpr std::size_t kWordsAtOnce = 8;
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  for (; left >= kWordsAtOnce * kWord; left -= kWordsAtOnce * kWord) {
    for (std::size_t i = 0; i < kWordsAtOnce; ++i, at += kWord)
      crc = step(crc, word_at(at));
  }
  for (; left >= kWord; left -= kWord, at += kWord)
    crc = step(crc, word_at(at));
  for (; left > 0; --left)
    crc = step(crc, std::to_integer<std::uint8_t>(*at++));
  return ~crc;
}

}  // namespace headrace::core

// One character's encoding at the beginning of a text, judged as RFC 3629 section 4 says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::core {

// Its length, 1 to 4; 0 where no valid sequence begins (torn, overlong, surrogate, beyond U+10FFFF,
// or the text is empty).
[[nodiscard]] constexpr std::size_t utf8_sequence_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  const auto continues = [&](std::size_t i) { return within(i, 0x80, 0xBF); };
  if (text.empty()) return 0;
  if (byte(0) < 0x80) return 1;
  if (within(0, 0xC2, 0xDF)) return continues(1) ? 2 : 0;
  if (within(0, 0xE0, 0xEF)) {
    const unsigned low = byte(0) == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = byte(0) == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && continues(2) ? 3 : 0;
  }
  if (within(0, 0xF0, 0xF4)) {
    const unsigned low = byte(0) == 0xF0 ? 0x90 : 0x80;
    const unsigned high = byte(0) == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// The character of one whole sequence that utf8_sequence_bytes() has found.
[[nodiscard]] constexpr std::uint32_t utf8_code_point(std::string_view sequence) {
  constexpr std::uint32_t kLeadBits[] = {0x7F, 0x1F, 0x0F, 0x07};
  std::uint32_t code = static_cast<unsigned char>(sequence[0]) & kLeadBits[sequence.size() - 1];
  for (const char c : sequence.substr(1))
    code = code << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return code;
}

}  // namespace headrace::core

// Numbers in text from outside, judged strictly: digits only (no sign, space, prefix or empty
// text), at most `digits_max` of them leading zeros included, at most `value_max`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace::core {

inline constexpr std::size_t kDecimalDigitsMax = 19;  // more could wrap before value_max is seen
inline constexpr std::size_t kHexDigitsMax = 15;
inline constexpr std::uint64_t kNumberMax = INT64_MAX;

[[nodiscard]] constexpr std::optional<std::uint64_t> parse_decimal(
    std::string_view text, std::uint64_t value_max = kNumberMax,
    std::size_t digits_max = kDecimalDigitsMax) {
  if (text.empty() || text.size() > digits_max || text.size() > kDecimalDigitsMax) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (value > value_max) return std::nullopt;
  return value;
}

// Both cases of letters.
[[nodiscard]] constexpr std::optional<std::uint64_t> parse_hex(
    std::string_view text, std::uint64_t value_max = kNumberMax,
    std::size_t digits_max = kHexDigitsMax) {
  if (text.empty() || text.size() > digits_max || text.size() > kHexDigitsMax) return std::nullopt;
  std::uint64_t value = 0;
  for (const char digit : text) {
    std::uint64_t nibble = 0;
    if (digit >= '0' && digit <= '9') {
      nibble = static_cast<std::uint64_t>(digit - '0');
    } else if (digit >= 'a' && digit <= 'f') {
      nibble = static_cast<std::uint64_t>(digit - 'a') + 10;
    } else if (digit >= 'A' && digit <= 'F') {
      nibble = static_cast<std::uint64_t>(digit - 'A') + 10;
    } else {
      return std::nullopt;
    }
    value = value << 4U | nibble;
  }
  if (value > value_max) return std::nullopt;
  return value;
}

}  // namespace headrace::core

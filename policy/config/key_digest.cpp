#include "policy/config/key_digest.h"

#include <array>
#include <cstring>

#include <openssl/sha.h>

namespace headrace::policy::config {
namespace {

std::optional<std::uint8_t> hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F') return static_cast<std::uint8_t>(digit - 'A' + 10);
  return std::nullopt;
}

}  // namespace

Sha256 key_digest(std::string_view key) {
  Sha256 digest;
  SHA256(reinterpret_cast<const std::uint8_t*>(key.data()), key.size(), digest.bytes.data());
  return digest;
}

bool equal_in_constant_time(const Sha256& left, const Sha256& right) {
  // Word by word: a library's way goes byte by byte.
  std::array<std::uint64_t, sizeof(Sha256) / sizeof(std::uint64_t)> ours;
  std::array<std::uint64_t, ours.size()> theirs;
  std::memcpy(ours.data(), left.bytes.data(), sizeof ours);
  std::memcpy(theirs.data(), right.bytes.data(), sizeof theirs);
  std::uint64_t difference = 0;
  for (std::size_t i = 0; i < ours.size(); ++i)
    difference |= ours[i] ^ theirs[i];
  // Nobody may know better than to have looked at all of them.
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

std::string digest_text(const Sha256& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(digest.bytes.size() * 2);
  for (const std::uint8_t byte : digest.bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<Sha256> parse_digest(std::string_view text) {
  Sha256 digest;
  if (text.size() != digest.bytes.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const auto high = hex_value(text[2 * i]);
    const auto low = hex_value(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    digest.bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return digest;
}

}  // namespace headrace::policy::config

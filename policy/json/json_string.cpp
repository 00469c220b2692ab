#include "policy/json/json_string.h"

#include <array>
#include <cstdint>
#include <optional>

namespace headrace::policy {
namespace {

// The four digits at the front of `raw`, and what is behind them.
std::optional<std::uint32_t> take_hex(std::string_view& raw) {
  if (raw.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : raw.substr(0, 4)) {
    const char folded = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<std::uint32_t>(c - '0');
    } else if (folded >= 'a' && folded <= 'f') {
      value = value << 4 | static_cast<std::uint32_t>(folded - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  raw.remove_prefix(4);
  return value;
}

// The character that a \u escape names, `raw` standing behind its u; takes both halves of a pair.
std::optional<std::uint32_t> take_character(std::string_view& raw) {
  const auto first = take_hex(raw);
  if (!first || *first < 0xD800 || *first > 0xDFFF) return first;
  if (*first > 0xDBFF || !raw.starts_with("\\u")) return std::nullopt;
  raw.remove_prefix(2);
  const auto second = take_hex(raw);
  if (!second || *second < 0xDC00 || *second > 0xDFFF) return std::nullopt;
  return 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00);
}

struct Utf8Bytes {
  std::array<char, 4> bytes{};
  std::size_t size = 0;
};

Utf8Bytes encode(std::uint32_t character) {
  Utf8Bytes out;
  const auto put = [&](std::uint32_t byte) { out.bytes[out.size++] = static_cast<char>(byte); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0 | character >> 6);
    put(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    put(0xE0 | character >> 12);
    put(0x80 | (character >> 6 & 0x3F));
    put(0x80 | (character & 0x3F));
  } else {
    put(0xF0 | character >> 18);
    put(0x80 | (character >> 12 & 0x3F));
    put(0x80 | (character >> 6 & 0x3F));
    put(0x80 | (character & 0x3F));
  }
  return out;
}

constexpr char simple_escape(char name) {
  switch (name) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return name;
  }
}

}  // namespace

JsonDecoded decode_json_string(std::string_view raw, std::span<char> out) {
  std::size_t size = 0;
  const auto stopped = [&](bool whole) { return JsonDecoded{{out.data(), size}, whole}; };
  while (!raw.empty()) {
    Utf8Bytes bytes;
    bytes.bytes[0] = raw.front();
    bytes.size = 1;
    raw.remove_prefix(1);
    if (bytes.bytes[0] == '\\') {
      if (raw.empty()) return stopped(false);
      const char name = raw.front();
      raw.remove_prefix(1);
      if (name == 'u') {
        const auto character = take_character(raw);
        if (!character) return stopped(false);
        bytes = encode(*character);
      } else {
        bytes.bytes[0] = simple_escape(name);
      }
    }
    if (bytes.size > out.size() - size) return stopped(false);
    for (std::size_t i = 0; i < bytes.size; ++i)
      out[size++] = bytes.bytes[i];
  }
  return stopped(true);
}

}  // namespace headrace::policy

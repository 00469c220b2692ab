#include "policy/json/utf8_check.h"

#include <algorithm>

#include <simdjson.h>

namespace headrace::policy {
namespace {

constexpr unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// How many bytes at the end of `text` belong to a character that may be cut: from its lead byte on,
// at most 3; 0 when the last character is whole or there is no lead byte in reach.
std::size_t cut_character_size(std::string_view text) {
  const std::size_t reach = std::min<std::size_t>(3, text.size());
  for (std::size_t back = 1; back <= reach; ++back) {
    const unsigned byte = byte_at(text, text.size() - back);
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) {
      const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      return size > back ? back : 0;
    }
  }
  return 0;
}

}  // namespace

// One byte of the table of well-formed sequences (Unicode 15, table 3-7).
bool Utf8Check::step(unsigned byte) {
  if (missing_ != 0) {
    if (byte < lowest_ || byte > highest_) return false;
    lowest_ = 0x80;
    highest_ = 0xBF;
    --missing_;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xC2 || byte > 0xF4) return false;
  missing_ = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
  lowest_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
  highest_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
  return true;
}

std::optional<std::size_t> Utf8Check::feed(std::string_view slice) {
  std::size_t at = 0;
  for (; at < slice.size() && missing_ != 0; ++at) {
    if (!step(byte_at(slice, at))) return at;
  }
  const std::size_t whole = slice.size() - cut_character_size(slice);
  if (at < whole && simdjson::validate_utf8(slice.data() + at, whole - at)) at = whole;
  // What is left: the first bytes of a cut character, or a slice with a fault to be found.
  for (; at < slice.size(); ++at) {
    if (!step(byte_at(slice, at))) return at;
  }
  return std::nullopt;
}

}  // namespace headrace::policy

#include "policy/json/json_writer.h"

#include <array>
#include <charconv>
#include <limits>

#include "policy/json/utf8_check.h"

namespace headrace::policy {
namespace {

// The bytes of the character at the front of `text`, or 0 when it is not UTF-8.
std::size_t character_size(std::string_view text) {
  Utf8Check check;
  for (std::size_t size = 1; size <= text.size() && size <= 4; ++size) {
    if (check.feed(text.substr(size - 1, 1))) return 0;
    if (!check.inside_character()) return size;
  }
  return 0;
}

constexpr std::string_view kReplacement = "\uFFFD";

}  // namespace

JsonWriter& JsonWriter::raw(std::string_view text) {
  if (text.size() <= out_.size() && size_ <= out_.size() - text.size()) {
    text.copy(out_.data() + size_, text.size());
  }
  size_ += text.size();
  return *this;
}

void JsonWriter::escaped(char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      raw("\\\"");
      return;
    case '\\':
      raw("\\\\");
      return;
    case '\n':
      raw("\\n");
      return;
    case '\r':
      raw("\\r");
      return;
    case '\t':
      raw("\\t");
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) {
    raw({&c, 1});
    return;
  }
  const std::array<char, 6> text{'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 0xF]};
  raw({text.data(), text.size()});
}

JsonWriter& JsonWriter::string(std::string_view text, std::size_t bytes_max) {
  raw("\"");
  std::size_t taken = 0;
  while (taken < text.size()) {
    const std::string_view rest = text.substr(taken);
    const auto first = static_cast<unsigned char>(rest.front());
    const std::size_t size = first < 0x80 ? 1 : character_size(rest);
    if (taken + (size == 0 ? 1 : size) > bytes_max) break;
    if (first < 0x80) {
      escaped(rest.front());
    } else {
      raw(size == 0 ? kReplacement : rest.substr(0, size));
    }
    taken += size == 0 ? 1 : size;
  }
  return raw("\"");
}

JsonWriter& JsonWriter::number(std::int64_t value) {
  std::array<char, std::numeric_limits<std::int64_t>::digits10 + 2> text;
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return raw({text.data(), static_cast<std::size_t>(result.ptr - text.data())});
}

}  // namespace headrace::policy

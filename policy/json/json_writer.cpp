#include "policy/json/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "policy/json/utf8_check.h"

namespace headrace::policy {
namespace {

// The bytes of the character at the front of `text`, or 0 when it is not UTF-8.
std::size_t character_size(std::string_view text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) return 1;
  Utf8Check check;
  for (std::size_t size = 1; size <= text.size() && size <= 4; ++size) {
    if (check.feed(text.substr(size - 1, 1))) return 0;
    if (!check.inside_character()) return size;
  }
  return 0;
}

// ASCII characters that stand for themselves in a JSON string.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x80; ++c)
    table[c] = c != '"' && c != '\\';
  return table;
}();

// How many of them stand at the front.
std::size_t plain_run(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && kPlain[static_cast<unsigned char>(text[size])])
    ++size;
  return size;
}

constexpr std::string_view kReplacement = "\uFFFD";

// An ASCII character as it stands in a JSON string.
std::string_view escaped(char c, std::array<char, 6>& scratch) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  if (byte >= 0x20) {
    scratch[0] = c;
    return {scratch.data(), 1};
  }
  scratch = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 0xF]};
  return {scratch.data(), scratch.size()};
}

}  // namespace

JsonWriter& JsonWriter::raw(std::string_view text) {
  if (text.size() <= out_.size() && size_ <= out_.size() - text.size()) {
    text.copy(out_.data() + size_, text.size());
  }
  size_ += text.size();
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text, std::size_t bytes_max) {
  raw("\"");
  this->text(text, bytes_max);
  return raw("\"");
}

JsonWriter& JsonWriter::text(std::string_view text, std::size_t bytes_max) {
  std::size_t written = 0;
  std::array<char, 6> scratch;
  while (!text.empty()) {
    const std::size_t run = std::min(plain_run(text), bytes_max - written);
    raw(text.substr(0, run));
    written += run;
    text.remove_prefix(run);
    if (text.empty()) break;
    const std::size_t size = character_size(text);
    const std::string_view character = size == 0   ? kReplacement
                                       : size == 1 ? escaped(text.front(), scratch)
                                                   : text.substr(0, size);
    if (character.size() > bytes_max - written) break;
    raw(character);
    written += character.size();
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) {
  std::array<char, std::numeric_limits<std::int64_t>::digits10 + 2> text;
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return raw({text.data(), static_cast<std::size_t>(result.ptr - text.data())});
}

}  // namespace headrace::policy

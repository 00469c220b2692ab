// Writes JSON text into a caller's buffer, with correct escaping and a bound.
//
// Never overruns: what does not fit is counted and left out, so size() says how much room a second
// try needs; the text is whole only if it fits(). Bytes that are not UTF-8 become U+FFFD, so that
// the result is always valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace headrace::policy {

class JsonWriter {
 public:
  explicit JsonWriter(std::span<char> out) : out_(out) {}

  // As it stands: punctuation and keys that are known to need no escapes.
  JsonWriter& raw(std::string_view text);
  // With quotes and escapes. At most `bytes_max` bytes are written between the quotes: what is
  // beyond is cut off, at a character.
  JsonWriter& string(std::string_view text, std::size_t bytes_max = SIZE_MAX);
  // The same without the quotes: a part of a string.
  JsonWriter& text(std::string_view text, std::size_t bytes_max = SIZE_MAX);
  JsonWriter& number(std::int64_t value);

  // Bytes that the text has, whether or not they fitted.
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool fits() const { return size_ <= out_.size(); }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

}  // namespace headrace::policy

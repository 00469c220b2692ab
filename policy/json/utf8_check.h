// Judges UTF-8 (RFC 3629: no overlong forms, no surrogates) in slices cut at any byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace::policy {

class Utf8Check {
 public:
  // Nothing, or where in `slice` the first wrong byte was noticed.
  [[nodiscard]] std::optional<std::size_t> feed(std::string_view slice);
  // Whether a character is cut at the end of what was fed.
  [[nodiscard]] bool inside_character() const { return missing_ != 0; }

 private:
  bool step(unsigned byte);

  std::uint8_t missing_ = 0;    // continuation bytes still to come
  std::uint8_t lowest_ = 0x80;  // bounds of the next one
  std::uint8_t highest_ = 0xBF;
};

}  // namespace headrace::policy

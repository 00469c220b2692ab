// What the fields of a form's part say of it (RFC 7578 section 4.2): the name of the form's field.
//
// Its content must be what it looks like: no encoding for its transfer, no charset but UTF-8, no
// parts within it. A name in quotes is plain: readers undo escapes in different ways.
//
// Threads: plain data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::policy {

inline constexpr std::size_t kFormNameBytesMax = 256;

class PartHead {
 public:
  // A line without its end. False: it cannot be read, or in two ways.
  [[nodiscard]] bool take(std::string_view line);
  // Of all of them. False: nothing names it.
  [[nodiscard]] bool complete() const { return name_bytes_ > 0; }
  [[nodiscard]] std::string_view name() const { return {name_.data(), name_bytes_}; }

 private:
  [[nodiscard]] bool take_disposition(std::string_view value);
  [[nodiscard]] bool take_type(std::string_view value);

  std::uint16_t name_bytes_ = 0;
  bool type_told_ = false;
  std::array<char, kFormNameBytesMax> name_{};
};

}  // namespace headrace::policy

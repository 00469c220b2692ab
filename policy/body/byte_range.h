// Where something stands in a body. Length 0 means that it is not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace headrace::policy {

struct ByteRange {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  [[nodiscard]] constexpr explicit operator bool() const { return length != 0; }
  [[nodiscard]] constexpr std::uint32_t end() const { return offset + length; }
  [[nodiscard]] std::string_view in(std::span<const std::byte> body) const {
    return {reinterpret_cast<const char*>(body.data()) + offset, length};
  }
  friend constexpr bool operator==(ByteRange, ByteRange) = default;
};

}  // namespace headrace::policy

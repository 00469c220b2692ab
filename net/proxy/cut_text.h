// A text's beginning, as far as there is room for it: what records say of paths and models.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace headrace::net {

// How many bytes were copied.
template <std::size_t N>
std::uint8_t copy_cut(std::string_view text, std::array<char, N>& into) {
  static_assert(N < 256);
  const std::size_t size = std::min(text.size(), N);
  std::memcpy(into.data(), text.data(), size);
  return static_cast<std::uint8_t>(size);
}

}  // namespace headrace::net

// A text's beginning, as far as there is room for it: what records say of paths and models.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/copy_short.h"

namespace headrace::net {

template <std::size_t N>
class CutText {
  static_assert(N < 256);

 public:
  void take(std::string_view text) {
    text = text.substr(0, N);
    size_ = static_cast<std::uint8_t>(text.size());
    core::copy_short(bytes_.data(), text.data(), text.size());
  }
  [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, N> bytes_;  // the first size_ of them
  std::uint8_t size_ = 0;
};

}  // namespace headrace::net

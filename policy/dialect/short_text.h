// A few bytes of provider text by value, cut at its capacity: `default`, `priority`, `ON_DEMAND`.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::policy {

class ShortText {
 public:
  static constexpr std::size_t kBytesMax = 23;

  constexpr ShortText() = default;
  constexpr explicit ShortText(std::string_view text)
      : size_(static_cast<std::uint8_t>(std::min(text.size(), kBytesMax))) {
    std::copy_n(text.data(), size_, bytes_.data());
  }
  [[nodiscard]] constexpr std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kBytesMax> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace headrace::policy

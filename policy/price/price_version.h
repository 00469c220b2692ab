// A price's version as people and programs read it: sixteen digits, the same in records and
// explanations.
//
// Threads: a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::policy {

class PriceVersionText {
 public:
  // 0: there is no price, and no text.
  explicit PriceVersionText(std::uint64_t version = 0) : empty_(version == 0) {
    for (std::size_t i = 0; i < digits_.size(); ++i)
      digits_[i] = "0123456789abcdef"[version >> (60 - 4 * i) & 0xFU];
  }
  // Lives as long as this.
  [[nodiscard]] std::string_view view() const {
    return empty_ ? std::string_view() : std::string_view(digits_.data(), digits_.size());
  }

 private:
  std::array<char, 16> digits_{};
  bool empty_;
};

}  // namespace headrace::policy

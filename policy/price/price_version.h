// A price's version as people and programs read it: sixteen digits, the same in records and
// explanations.
//
// Threads: a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace headrace::policy {

class PriceVersionText {
 public:
  // 0: there is no price, and no text.
  explicit PriceVersionText(std::uint64_t version = 0) : empty_(version == 0) {
    // Two at a time: every record has it twice.
    for (std::size_t i = 0; i < digits_.size(); i += 2)
      std::memcpy(digits_.data() + i, kPairs[version >> (56 - 4 * i) & 0xFFU].data(), 2);
  }
  // Lives as long as this.
  [[nodiscard]] std::string_view view() const {
    return empty_ ? std::string_view() : std::string_view(digits_.data(), digits_.size());
  }

 private:
  static constexpr std::array<std::array<char, 2>, 256> kPairs = [] {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte)
      pairs[byte] = {kDigits[byte >> 4U], kDigits[byte & 0xFU]};
    return pairs;
  }();

  std::array<char, 16> digits_{};
  bool empty_;
};

}  // namespace headrace::policy

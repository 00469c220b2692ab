// The name of a request in logs and answers: the client's own where it is sane, else one of ours.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace headrace::net {

class RequestId {
 public:
  static constexpr std::size_t kBytesMax = 64;

  // Letters, digits and "-_.:", 8 to kBytesMax of them: what may stand in any log unescaped.
  [[nodiscard]] static bool sane(std::string_view text);
  void take(std::string_view text);
  // 32 hexadecimal digits.
  void make(std::uint64_t high, std::uint64_t low);

  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, kBytesMax> text_;  // the first size_ of them
  std::uint8_t size_ = 0;
};

}  // namespace headrace::net

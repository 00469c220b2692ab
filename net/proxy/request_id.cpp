#include "net/proxy/request_id.h"

#include <algorithm>

namespace headrace::net {

bool RequestId::sane(std::string_view text) {
  constexpr std::size_t kBytesMin = 8;
  return text.size() >= kBytesMin && text.size() <= kBytesMax &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.' || c == ':';
         });
}

void RequestId::take(std::string_view text) {
  size_ = static_cast<std::uint8_t>(std::min(text.size(), kBytesMax));
  std::copy_n(text.begin(), size_, text_.begin());
}

void RequestId::make(std::uint64_t high, std::uint64_t low) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (unsigned i = 0; i < 16; ++i) {
    text_[i] = kDigits[(high >> (60 - 4 * i)) & 15U];
    text_[16 + i] = kDigits[(low >> (60 - 4 * i)) & 15U];
  }
  size_ = 32;
}

}  // namespace headrace::net

#include "net/proxy/request_id.h"

#include <algorithm>
#include <cstring>

#include "core/ascii.h"

namespace headrace::net {

bool RequestId::sane(std::string_view text) {
  constexpr std::size_t kBytesMin = 8;
  return text.size() >= kBytesMin && text.size() <= kBytesMax &&
         std::ranges::all_of(text, [](char c) {
           return core::is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == ':';
         });
}

void RequestId::take(std::string_view text) {
  size_ = static_cast<std::uint8_t>(std::min(text.size(), kBytesMax));
  std::copy_n(text.begin(), size_, text_.begin());
}

void RequestId::make(std::uint64_t high, std::uint64_t low) {
  // Two digits a byte: this is done for most requests.
  static constexpr auto kPairs = [] {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (unsigned i = 0; i < pairs.size(); ++i)
      pairs[i] = {kDigits[i >> 4U], kDigits[i & 15U]};
    return pairs;
  }();
  char* at = text_.data();
  for (const std::uint64_t word : {high, low}) {
    for (unsigned shift = 64; shift != 0; at += 2) {
      shift -= 8;
      std::memcpy(at, kPairs[(word >> shift) & 255U].data(), 2);
    }
  }
  size_ = 32;
}

}  // namespace headrace::net

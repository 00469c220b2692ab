#include "policy/token/base64url.h"

#include <array>

namespace headrace::policy {
namespace {

constexpr std::uint8_t kNone = 0xff;
constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

}  // namespace

std::optional<std::span<std::uint8_t>> decode_base64url(std::string_view text,
                                                        std::span<std::uint8_t> into) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t used = 0;
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kNone) return std::nullopt;
    bits = bits << 6 | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    if (used == into.size()) return std::nullopt;
    into[used++] = static_cast<std::uint8_t>(bits >> held);
    bits &= (1U << held) - 1;
  }
  if (bits != 0) return std::nullopt;
  return into.first(used);
}

}  // namespace headrace::policy

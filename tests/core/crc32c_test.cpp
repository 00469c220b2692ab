#include "core/crc32c.h"

#include <array>
#include <numeric>
#include <string_view>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

std::uint32_t of(std::string_view text, std::uint32_t before = 0) {
  return crc32c(std::as_bytes(std::span(text)), before);
}

std::uint32_t of(std::span<const std::uint8_t> bytes) {
  return crc32c(std::as_bytes(bytes));
}

// Bit by bit, as the definition has it.
std::uint32_t obvious(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

TEST(Crc32c, IsThatOfRfc3720) {
  std::array<std::uint8_t, 32> bytes{};
  EXPECT_EQ(of(bytes), 0x8a9136aaU);
  bytes.fill(0xff);
  EXPECT_EQ(of(bytes), 0x62a8ab43U);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  EXPECT_EQ(of(bytes), 0x46dd794eU);
  EXPECT_EQ(of("123456789"), 0xe3069283U);
  EXPECT_EQ(of(""), 0U);
}

TEST(Crc32c, GoesOnBehindWhatCameBefore) {
  constexpr std::string_view kText = "The quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= kText.size(); ++cut) {
    EXPECT_EQ(of(kText.substr(cut), of(kText.substr(0, cut))), of(kText));
  }
}

TEST(Crc32c, IsWhatTheDefinitionSaysAtEveryLength) {
  std::array<std::byte, 300> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(i * 37 + 11);
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const std::span<const std::byte> some = std::span(bytes).first(length);
    ASSERT_EQ(crc32c(some), obvious(some)) << length;
  }
}

}  // namespace
}  // namespace headrace::core

#include "policy/config/seal.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace headrace::policy::config {
namespace {

constexpr std::string_view kHexKey =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr std::string_view kBase64Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr std::string_view kSecret = "sk-CANARY-0123456789";

std::expected<std::string, std::string> open(const MasterKey& key, std::string_view context,
                                             std::span<const std::byte> sealed) {
  std::string plain(sealed.size(), '\0');
  auto length = unseal(key, context, sealed, plain);
  if (!length) return std::unexpected(length.error());
  plain.resize(*length);
  return plain;
}

TEST(Seal, OpensWithTheSameKeyAndContext) {
  const MasterKey key = MasterKey::random();
  for (const std::string_view plain : {std::string_view(), kSecret}) {
    const auto sealed = seal(key, "provider a", plain);
    EXPECT_EQ(sealed.size(), plain.size() + kSealOverheadBytes);
    const auto opened = open(key, "provider a", sealed);
    ASSERT_TRUE(opened) << opened.error();
    EXPECT_EQ(*opened, plain);
  }
}

TEST(Seal, HidesThePlainText) {
  const auto sealed = seal(MasterKey::random(), "provider a", kSecret);
  const std::string_view bytes(reinterpret_cast<const char*>(sealed.data()), sealed.size());
  EXPECT_FALSE(bytes.contains("CANARY"));
}

TEST(Seal, IsAFunctionOfKeyContextAndText) {
  const MasterKey key = MasterKey::random();
  const auto sealed = seal(key, "a", kSecret);
  EXPECT_EQ(sealed, seal(key, "a", kSecret));
  EXPECT_NE(sealed, seal(MasterKey::random(), "a", kSecret));
  // Another context or text takes another nonce: the first twelve bytes differ.
  const auto nonce = [](const std::vector<std::byte>& bytes) {
    return std::vector<std::byte>(bytes.begin(), bytes.begin() + 12);
  };
  EXPECT_NE(nonce(sealed), nonce(seal(key, "b", kSecret)));
  EXPECT_NE(nonce(sealed), nonce(seal(key, "a", "sk-CANARY-0123456780")));
  EXPECT_NE(nonce(seal(key, "ab", "c")), nonce(seal(key, "a", "bc")));
}

TEST(Seal, RefusesAnotherKeyOrContext) {
  const MasterKey key = MasterKey::random();
  const auto sealed = seal(key, "provider a", kSecret);
  EXPECT_FALSE(open(MasterKey::random(), "provider a", sealed));
  EXPECT_FALSE(open(key, "provider b", sealed));
}

TEST(Seal, RefusesEveryChangedBitAndEveryTruncation) {
  const MasterKey key = MasterKey::random();
  auto sealed = seal(key, "a", kSecret);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    sealed[bit / 8] ^= mask;
    EXPECT_FALSE(open(key, "a", sealed)) << bit;
    sealed[bit / 8] ^= mask;
  }
  for (std::size_t bytes = 0; bytes < sealed.size(); ++bytes) {
    EXPECT_FALSE(open(key, "a", std::span(sealed).first(bytes))) << bytes;
  }
}

TEST(Seal, NeedsRoomForThePlainText) {
  const MasterKey key = MasterKey::random();
  const auto sealed = seal(key, "a", kSecret);
  std::string room(kSecret.size() - 1, '\0');
  EXPECT_FALSE(unseal(key, "a", sealed, room));
}

TEST(MasterKey, ReadsHexadecimalAndBase64) {
  const auto hex = MasterKey::parse(kHexKey);
  const auto base64 = MasterKey::parse(kBase64Key);
  ASSERT_TRUE(hex) << hex.error();
  ASSERT_TRUE(base64) << base64.error();
  EXPECT_TRUE(std::ranges::equal(hex->bytes(), base64->bytes()));
  EXPECT_EQ(hex->fingerprint(), base64->fingerprint());
}

TEST(MasterKey, RefusesOtherLengthsWithoutRepeatingThem) {
  const std::string hex(kHexKey);
  for (const std::string& text :
       {std::string(), hex.substr(2), hex + "00", std::string("AAECAwQFBgcICQoLDA0ODw=="),
        std::string(44, '='), std::string(44, 'A'), std::string(64, 'x')}) {
    const auto key = MasterKey::parse(text);
    ASSERT_FALSE(key) << text;
    if (!text.empty()) {
      EXPECT_FALSE(key.error().contains(text));
    }
  }
}

TEST(MasterKey, FingerprintTellsKeysApart) {
  EXPECT_NE(MasterKey::random().fingerprint(), MasterKey::random().fingerprint());
  EXPECT_NE(MasterKey::parse(kHexKey)->fingerprint(), 0U);
}

}  // namespace
}  // namespace headrace::policy::config

#include "policy/config/key_digest.h"

#include <gtest/gtest.h>

namespace headrace::policy::config {
namespace {

// FIPS 180-2, appendix B.1.
constexpr std::string_view kAbcDigest =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(KeyDigest, IsSha256) {
  EXPECT_EQ(digest_text(key_digest("abc")), kAbcDigest);
}

TEST(KeyDigest, ReadsBothCasesAndWritesLower) {
  std::string upper(kAbcDigest);
  for (char& c : upper)
    c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(digest_text(parse_digest(upper).value_or(Sha256{})), kAbcDigest);
}

TEST(KeyDigest, RefusesWhatIsNoDigest) {
  const std::string good(kAbcDigest);
  EXPECT_FALSE(parse_digest(""));
  EXPECT_FALSE(parse_digest(good.substr(1)));
  EXPECT_FALSE(parse_digest(good + "0"));
  for (const char wrong : {'g', ' ', '/', ':', '@', '`', 'G', '\0', '\xff'}) {
    std::string text = good;
    text[63] = wrong;
    EXPECT_FALSE(parse_digest(text)) << static_cast<int>(wrong);
  }
}

TEST(KeyDigest, ComparesTheWholeDigest) {
  const Sha256 digest = key_digest("abc");
  EXPECT_TRUE(equal_in_constant_time(digest, key_digest("abc")));
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Sha256 other = digest;
    other.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(equal_in_constant_time(digest, other)) << bit;
  }
}

}  // namespace
}  // namespace headrace::policy::config

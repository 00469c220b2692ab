#include "core/parse_number.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

TEST(ParseDecimal, TakesDigitsUpToItsBounds) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("007"), 7U);
  EXPECT_EQ(parse_decimal("9223372036854775807"), 9223372036854775807U);
  EXPECT_EQ(parse_decimal("65535", 65535), 65535U);
  EXPECT_EQ(parse_decimal("12", 100, 2), 12U);
}

TEST(ParseDecimal, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "-1",
                           "+1",
                           " 1",
                           "1 ",
                           "1a",
                           "a",
                           "0x1",
                           "1.0",
                           "1e3",
                           "1_000",
                           "1,000",
                           "\xD9\xA1",
                           "9223372036854775808",
                           "9999999999999999999",
                           "10000000000000000000",
                           "18446744073709551616",
                           "18446744073709551617",
                           "00000000000000000001",
                           "99999999999999999999999999999999999999"}) {
    EXPECT_FALSE(parse_decimal(text)) << text;
  }
  EXPECT_FALSE(parse_decimal(std::string_view("1\0", 2)));
  EXPECT_FALSE(parse_decimal("65536", 65535));
  EXPECT_FALSE(parse_decimal("123", 1000, 2));
  EXPECT_FALSE(parse_decimal("00000000000000000001", 10, 100)) << "no caller may lift the bound";
}

TEST(ParseHex, TakesBothCasesUpToItsBounds) {
  EXPECT_EQ(parse_hex("0"), 0U);
  EXPECT_EQ(parse_hex("dEaD"), 0xDEADU);
  EXPECT_EQ(parse_hex("fffffffffffffff"), 0xFFFFFFFFFFFFFFFU);
}

TEST(ParseHex, RefusesEverythingElse) {
  for (const char* text : {"", "g", "0x1", "-1", "+a", " a", "a ", "a;", "ffffffffffffffff",
                           "0000000000000001", "10000000000000000"}) {
    EXPECT_FALSE(parse_hex(text)) << text;
  }
  EXPECT_FALSE(parse_hex("100", 255));
}

}  // namespace
}  // namespace headrace::core

#include "policy/json/json_writer.h"

#include <array>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

std::string string_of(std::string_view text, std::size_t bytes_max = SIZE_MAX) {
  std::array<char, 200> out;
  JsonWriter writer(out);
  writer.string(text, bytes_max);
  EXPECT_TRUE(writer.fits());
  return {out.data(), writer.size()};
}

TEST(JsonWriter, EscapesWhatJsonDoesNotLetStand) {
  EXPECT_EQ(string_of(""), "\"\"");
  EXPECT_EQ(string_of("a/b\x7F"), "\"a/b\x7F\"");
  EXPECT_EQ(string_of("\"\\\n\r\t\x01\x1F"), R"("\"\\\n\r\t\u0001\u001f")");
  EXPECT_EQ(string_of(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(string_of("gr\u00fcn \U0001F600"), "\"gr\u00fcn \U0001F600\"");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(string_of("a\xFF"
                      "b"),
            "\"a\uFFFD"
            "b\"");
  EXPECT_EQ(string_of("\xC3"), "\"\uFFFD\"");
  EXPECT_EQ(string_of("\xE2\x82"
                      "x"),
            "\"\uFFFD\uFFFD"
            "x\"");
  EXPECT_EQ(string_of("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");
}

TEST(JsonWriter, CutsAtACharacterAndCountsBytesAsWritten) {
  EXPECT_EQ(string_of("abcd", 3), "\"abc\"");
  EXPECT_EQ(string_of("ab\n\n", 5), "\"ab\\n\"");
  EXPECT_EQ(string_of("a\u20acb", 3), "\"a\"");
  EXPECT_EQ(string_of("a\u20acb", 4), "\"a\u20ac\"");
  EXPECT_EQ(string_of("abc", 0), "\"\"");
}

TEST(JsonWriter, WritesNumbersToTheirEnds) {
  std::array<char, 64> out;
  JsonWriter writer(out);
  writer.number(std::numeric_limits<std::int64_t>::min())
      .raw(" ")
      .number(0)
      .raw(" ")
      .number(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(std::string_view(out.data(), writer.size()),
            "-9223372036854775808 0 9223372036854775807");
}

TEST(JsonWriter, NeverWritesBeyondItsRoom) {
  std::array<char, 8> out;
  out.fill('~');
  JsonWriter writer{std::span(out).first(4)};
  writer.string("abc").raw("more");
  EXPECT_FALSE(writer.fits());
  EXPECT_EQ(writer.size(), 9U);
  EXPECT_EQ(std::string_view(out.data() + 4, 4), "~~~~");
}

}  // namespace
}  // namespace headrace::policy

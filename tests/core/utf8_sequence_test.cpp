#include "core/utf8_sequence.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::core {
namespace {

std::string encoded(unsigned point) {
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80 | (point >> shift & 0x3F));
  };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xE0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | point >> 18), tail(12), tail(6), tail(0)};
}

TEST(Utf8Sequence, TakesExactlyTheScalarValues) {
  for (unsigned point = 0; point < 0x120000; ++point) {
    const std::string text = encoded(point);
    const bool scalar = point < 0xD800 || (point > 0xDFFF && point < 0x110000);
    ASSERT_EQ(utf8_sequence_bytes(text), scalar ? text.size() : 0) << point;
    if (!scalar || text.size() == 1) continue;
    ASSERT_EQ(utf8_sequence_bytes(text.substr(0, text.size() - 1)), 0U) << "torn " << point;
    ASSERT_EQ(utf8_sequence_bytes(text + "rest"), text.size());
  }
}

TEST(Utf8Sequence, RefusesOverlongForms) {
  for (const char* text : {"\xC0\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF",
                           "\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_EQ(utf8_sequence_bytes(text), 0U);
  }
  EXPECT_EQ(utf8_sequence_bytes(""), 0U);
  EXPECT_EQ(utf8_sequence_bytes("\x80"), 0U);
}

}  // namespace
}  // namespace headrace::core

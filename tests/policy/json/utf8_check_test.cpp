#include "policy/json/utf8_check.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace headrace::policy {
namespace {

// The place of the first wrong byte, or the text's size, or one more when it ends amid a character.
std::size_t judge(std::string_view text, std::size_t slice_bytes) {
  Utf8Check check;
  for (std::size_t at = 0; at < text.size(); at += slice_bytes) {
    if (const auto wrong = check.feed(text.substr(at, slice_bytes))) return at + *wrong;
  }
  return text.size() + (check.inside_character() ? 1 : 0);
}

TEST(Utf8Check, AgreesWithAWholeJudgementForEveryPairOfBytes) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      for (const std::string_view tail : {"", "\x80", "\x80\x80", "\xBF\xBF", "a"}) {
        std::string text = "ab";
        text.push_back(static_cast<char>(first));
        text.push_back(static_cast<char>(second));
        text += tail;
        const bool good = simdjson::validate_utf8(text);
        const std::size_t whole = judge(text, 100);
        EXPECT_EQ(whole == text.size(), good) << first << " " << second;
        for (const std::size_t size : {1U, 2U, 3U, 4U})
          EXPECT_EQ(judge(text, size), whole);
      }
    }
  }
}

TEST(Utf8Check, FindsAFaultAmidALongText) {
  for (std::size_t place = 0; place < 200; ++place) {
    std::string text;
    while (text.size() < place)
      text += "\u00e4";
    text.resize(text.size() / 2 * 2);
    const std::size_t at = text.size();
    text += "\xFF";
    for (int i = 0; i < 100; ++i)
      text += "\u20ac";
    for (const std::size_t size : {1U, 7U, 64U, 1000U})
      EXPECT_EQ(judge(text, size), at);
  }
}

}  // namespace
}  // namespace headrace::policy

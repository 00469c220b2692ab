#include "policy/json/json_beginning.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

using namespace std::string_view_literals;

// Whole and byte by byte, which must come to the same.
bool begins_as_json(std::string_view text) {
  JsonBeginning whole;
  JsonBeginning bytewise;
  bool found = false;
  for (const char& c : text)
    found = bytewise.take(std::as_bytes(std::span(&c, 1)));
  EXPECT_EQ(whole.take(std::as_bytes(std::span(text))), found);
  return found;
}

TEST(JsonBeginning, IsFoundHoweverAnObjectIsWritten) {
  for (const std::string_view text : {
           R"({"file_id":"x"})"sv,
           "\r\n\t { \n \"a\""sv,
           "\xEF\xBB\xBF{\"a\":1}"sv,
           "\xFF\xFE{\0\"\0a\0"sv,
           "\xFE\xFF\0{\0\"\0a"sv,
           "\0\0\0{\0\0\0\""sv,
       }) {
    EXPECT_TRUE(begins_as_json(text)) << text;
  }
}

TEST(JsonBeginning, IsNothingElse) {
  for (const std::string_view text : {
           ""sv,
           "   "sv,
           "{"sv,
           "{}"sv,  // which names nothing
           "--boundary\r\n\r\n{\"file_id\":\"x\"}"sv,
           "RIFF\0\0\0\0WAVE"sv,
           "ID3{\"a\""sv,
           "\xFF\xFB\x90{\"a\""sv,
           "{x\"a\""sv,
           "[{\"a\":1}]"sv,
           "v=0\r\no=- 1 1 IN IP4 0.0.0.0"sv,
           "%PDF-1.7"sv,
       }) {
    EXPECT_FALSE(begins_as_json(text)) << text;
  }
}

}  // namespace
}  // namespace headrace::policy

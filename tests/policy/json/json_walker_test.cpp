#include "policy/json/json_walker.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/policy/json/walked.h"

namespace headrace::policy {
namespace {

TEST(JsonWalker, AcceptsWhatTheGrammarAllows) {
  const std::vector<std::string> texts = {
      "{}",
      "[]",
      " { } ",
      "0",
      "-0",
      "12",
      "1.5e+10",
      "1E400",
      "-0.0e-0",
      "123456789012345678901234567890",
      "true",
      "false",
      "null",
      "\"\"",
      "\t\r\n [ 1 , 2 , { \"a\" : [ ] } ] \n",
      R"({"a":{"b":{"c":[[[]]]}},"a":1})",
      R"("\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00")",
      R"("\ud800 half a pair")",
      "\"\x7F gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80\"",
      "[true,false,null,-1,\"x\"]",
      R"({"":""})",
  };
  for (const std::string& text : texts) {
    for (const std::size_t size : kSliceSizes) {
      const Walked walked = walk(text, size, Slices::apart);
      EXPECT_FALSE(walked.fault) << text << " in " << size << ": " << walked.fault.reason;
      EXPECT_TRUE(walked.complete) << text << " in " << size;
    }
  }
}

struct Refused {
  std::string text;
  JsonError error;
  std::uint64_t offset;
};

TEST(JsonWalker, RefusesWithThePlaceWhateverTheSlices) {
  const std::vector<Refused> cases = {
      {"{,}", JsonError::syntax, 1},
      {"{\"a\"}", JsonError::syntax, 4},
      {"{\"a\":}", JsonError::syntax, 5},
      {"{\"a\":1,}", JsonError::syntax, 7},
      {"{\"a\" 1}", JsonError::syntax, 5},
      {"{a:1}", JsonError::syntax, 1},
      {"{'a':1}", JsonError::syntax, 1},
      {"{\"a\":1 \"b\":2}", JsonError::syntax, 7},
      {"{\"a\":1]", JsonError::syntax, 6},
      {"[1}", JsonError::syntax, 2},
      {"[1,]", JsonError::syntax, 3},
      {"[,1]", JsonError::syntax, 1},
      {"[1 2]", JsonError::syntax, 3},
      {"]", JsonError::syntax, 0},
      {"[1:2]", JsonError::syntax, 2},
      {"[\"a\"b]", JsonError::syntax, 4},
      {"[1\"a\"]", JsonError::syntax, 2},
      {"[01]", JsonError::syntax, 2},
      {"[-]", JsonError::syntax, 2},
      {"[+1]", JsonError::syntax, 1},
      {"[.5]", JsonError::syntax, 1},
      {"[1.]", JsonError::syntax, 3},
      {"[1.e5]", JsonError::syntax, 3},
      {"[1e]", JsonError::syntax, 3},
      {"[1e+]", JsonError::syntax, 4},
      {"[0x10]", JsonError::syntax, 2},
      {"[1_000]", JsonError::syntax, 2},
      {"[--1]", JsonError::syntax, 2},
      {"[1.2.3]", JsonError::syntax, 4},
      {"[tru]", JsonError::syntax, 4},
      {"[truex]", JsonError::syntax, 5},
      {"[True]", JsonError::syntax, 1},
      {"[nul]", JsonError::syntax, 4},
      {"[NaN]", JsonError::syntax, 1},
      {"[Infinity]", JsonError::syntax, 1},
      {"[\"\\x\"]", JsonError::syntax, 3},
      {"[\"\\u12G4\"]", JsonError::syntax, 6},
      {"[\"\\u123\"]", JsonError::syntax, 7},
      {"[\"\\u\"]", JsonError::syntax, 4},
      {std::string("[\"a\nb\"]"), JsonError::syntax, 3},
      {std::string("[\"a\0b\"]", 7), JsonError::syntax, 3},
      {std::string("[1,\0]", 5), JsonError::syntax, 3},
      {"[1,\f2]", JsonError::syntax, 3},
      {"[1]\\", JsonError::trailing, 3},
      {"\\\"a\"", JsonError::syntax, 0},
      {"{} {}", JsonError::trailing, 3},
      {"{}}", JsonError::trailing, 2},
      {"1 1", JsonError::trailing, 2},
      {"null,", JsonError::trailing, 4},
      {"[] x", JsonError::trailing, 3},
      {"/* c */ {}", JsonError::syntax, 0},
      {"\xEF\xBB\xBF{}", JsonError::syntax, 0},
  };
  for (const Refused& refused : cases) {
    for (const std::size_t size : kSliceSizes) {
      const Walked walked = walk(refused.text, size, Slices::apart);
      EXPECT_EQ(walked.fault.error, refused.error) << refused.text << " in " << size;
      EXPECT_EQ(walked.fault.offset, refused.offset)
          << refused.text << " in " << size << ": " << walked.fault.reason;
      EXPECT_FALSE(walked.complete);
    }
  }
}

TEST(JsonWalker, RefusesWhatIsNotUtf8AtItsPlace) {
  const std::vector<Refused> cases = {
      {"[\"ab\x80\"]", JsonError::invalid_utf8, 4},
      {"[\"\xC0\xAF\"]", JsonError::invalid_utf8, 2},          // overlong
      {"[\"\xE0\x80\xAF\"]", JsonError::invalid_utf8, 3},      // overlong
      {"[\"\xED\xA0\x80\"]", JsonError::invalid_utf8, 3},      // surrogate
      {"[\"\xF4\x90\x80\x80\"]", JsonError::invalid_utf8, 3},  // beyond U+10FFFF
      {"[\"\xF5\x80\x80\x80\"]", JsonError::invalid_utf8, 2},
      {"[\"\xE2\x82\"]", JsonError::invalid_utf8, 4},  // cut by the quote
      {"[\"\xC3\xBC\xC3\"]", JsonError::invalid_utf8, 5},
      {"{\"k\xFF\":1}", JsonError::invalid_utf8, 3},
  };
  for (const Refused& refused : cases) {
    for (const std::size_t size : kSliceSizes) {
      const Walked walked = walk(refused.text, size, Slices::apart);
      EXPECT_EQ(walked.fault.error, refused.error) << refused.text << " in " << size;
      EXPECT_EQ(walked.fault.offset, refused.offset) << refused.text << " in " << size;
    }
  }
}

TEST(JsonWalker, IsNotCompleteBeforeTheEnd) {
  const std::string text =
      R"({"name":"va\u00fclue","list":[1.5e3,true,null,{"id":-12}],"x":false})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const Walked walked = walk(text.substr(0, size), 5, Slices::apart);
    EXPECT_FALSE(walked.fault) << size;
    EXPECT_FALSE(walked.complete) << size;
  }
  EXPECT_TRUE(walk(text, 5, Slices::apart).complete);
  EXPECT_FALSE(walk("-", 1, Slices::apart).complete);
  EXPECT_FALSE(walk("1.", 1, Slices::apart).complete);
  EXPECT_FALSE(walk("tru", 1, Slices::apart).complete);
}

TEST(JsonWalker, HoldsTheDepthExactly) {
  for (const std::uint32_t depth : {1U, 2U, 64U, 65U, 128U}) {
    const std::string fits = std::string(depth, '[') + std::string(depth, ']');
    const std::string deeper = "[" + fits + "]";
    EXPECT_FALSE(walk(fits, 1000, Slices::apart, {.depth_max = depth}).fault) << depth;
    const JsonFault fault = walk(deeper, 1000, Slices::apart, {.depth_max = depth}).fault;
    EXPECT_EQ(fault.error, JsonError::too_deep);
    EXPECT_EQ(fault.offset, depth);
  }
  const std::string bomb(100000, '[');
  EXPECT_EQ(walk(bomb, 65536, Slices::apart).fault.error, JsonError::too_deep);
  std::string objects;
  for (int i = 0; i < 129; ++i)
    objects += "{\"a\":";
  EXPECT_EQ(walk(objects, 65536, Slices::apart).fault.error, JsonError::too_deep);
}

}  // namespace
}  // namespace headrace::policy

// What a walk over JSON tells of what it passes.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/json/json_walker.h"
#include "tests/policy/json/walked.h"

namespace headrace::policy {
namespace {

TEST(JsonWalker, ToldDepthsKeepTheKindOfEachLevel) {
  // Objects and arrays by turns, across the words that hold the levels.
  std::string text;
  std::string closing;
  for (int i = 0; i < 64; ++i) {
    text += "[{\"a\":";
    closing.insert(0, "}]");
  }
  EXPECT_TRUE(walk(text + "1" + closing, 1000, Slices::apart).complete);
  closing[70] = closing[70] == ']' ? '}' : ']';
  EXPECT_EQ(walk(text + "1" + closing, 1000, Slices::apart).fault.error, JsonError::syntax);
}

TEST(JsonWalker, TellsTheWantedMembersAndNoOthers) {
  const std::string text =
      R"({"x":{"name":1,"deep_value":2},"name":"n","inner":{"name":3,"deep_value":-45},)"
      R"("deep_value":6,"list":[{"id":7},8,{"x":{"id":9},"id":10}],"inner2":{"deep_value":1}})";
  for (const std::size_t size : kSliceSizes) {
    for (const Slices slices : {Slices::contiguous, Slices::apart}) {
      const Walked walked = walk(text, size, slices);
      ASSERT_TRUE(walked.complete);
      std::vector<std::string> said;
      for (const Told& told : walked.told) {
        const std::string kind = told.step.kind == JsonStep::Kind::close ? "close" : "value";
        said.push_back(kind + " " + std::to_string(told.step.field) + " " +
                       text.substr(told.step.begin, told.step.end - told.step.begin));
      }
      const std::vector<std::string> expected = {
          "value 2 \"n\"", "value 3 {", "value 4 -45", "close 3 ",  "value 5 [",
          "value 6 {",     "value 7 7", "close 6 ",    "value 6 8", "value 6 {",
          "value 7 10",    "close 6 ",  "close 5 "};
      EXPECT_EQ(said, expected) << size;
    }
  }
}

TEST(JsonWalker, TextInsideStringsIsNeverStructure) {
  const std::string text =
      R"({"x":"\"name\":\"evil\",","y":"},{\"name\":1}","z":["name","inner"],"name":"good"})";
  const Walked walked = walk(text, 1, Slices::apart);
  ASSERT_EQ(walked.told.size(), 1U);
  EXPECT_EQ(walked.told[0].text, "good");
}

TEST(JsonWalker, KnowsAKeyHoweverItIsWritten) {
  for (const std::string_view key :
       {R"(name)", R"(\u006eame)", R"(n\u0061me)", R"(\u006E\u0061\u006D\u0065)", R"(nam\u0065)"}) {
    const std::string text = "{\"" + std::string(key) + "\":\"v\"}";
    for (const std::size_t size : kSliceSizes) {
      const Walked walked = walk(text, size, Slices::contiguous);
      ASSERT_EQ(walked.told.size(), 1U) << key << " in " << size;
      EXPECT_EQ(walked.told[0].step.field, kName);
    }
  }
  for (const std::string_view key : {R"(nam)", R"(names)", R"(n\\ame)", R"(na\u0000me)",
                                     R"(\"name)", R"(name\")", R"( name)", R"(\ud800name)"}) {
    EXPECT_TRUE(walk("{\"" + std::string(key) + "\":1}", 1000, Slices::contiguous).told.empty())
        << key;
  }
}

TEST(JsonWalker, RefusesKeysInOtherLettersWhenAsked) {
  const JsonWalkOptions strict{.strict = true, .refuse_ambiguous_keys = true};
  for (const std::string key : {"Name", "NAME", "nam\\u0045", "N\\u0061me"}) {
    const std::string text = "{\"a\":1,\"" + key + "\":1}";
    for (const std::size_t size : kSliceSizes) {
      const JsonFault fault = walk(text, size, Slices::contiguous, strict).fault;
      EXPECT_EQ(fault.error, JsonError::ambiguous_key) << key;
      EXPECT_EQ(fault.offset, 7U) << key << " in " << size;
      EXPECT_TRUE(walk(text, size, Slices::contiguous).told.empty());
    }
  }
  // Long s and the Kelvin sign are letters of our keys to libraries that fold by Unicode.
  constexpr JsonRule kSk[] = {{kJsonRoot, "desk", kName}};
  static constexpr JsonFields kSkFields{kSk};
  for (const std::string key : {"de\u017Fk", "des\u212A", "de\\u017Fk", "DE\u017F\u212A"}) {
    JsonWalker walker;
    Recorder recorder;
    walker.start(kSkFields, {.contiguous = true, .refuse_ambiguous_keys = true});
    EXPECT_EQ(walker.walk("{\"" + key + "\":1}", recorder).error, JsonError::ambiguous_key) << key;
  }
}

TEST(JsonWalker, DecodesWantedTextAndSaysWhenItIsNotWhole) {
  struct Case {
    std::string raw;
    std::string text;
    bool truncated;
  };
  const std::string long_text(kJsonTextBytesMax + 1, 'x');
  const std::vector<Case> cases = {
      {"", "", false},
      {"plain", "plain", false},
      {R"(a\nb\t\"\\\/)", "a\nb\t\"\\/", false},
      {R"(\u00e4\u20ac\ud83d\ude00)", "\u00e4\u20ac\U0001F600", false},
      {R"(x\ud800y)", "x", true},
      {"\\u0041" + long_text, "A" + std::string(kJsonTextBytesMax - 1, 'x'), true},
  };
  for (const Case& c : cases) {
    const Walked walked = walk("{\"name\":\"" + c.raw + "\"}", 1000, Slices::apart);
    ASSERT_EQ(walked.told.size(), 1U) << c.raw;
    EXPECT_EQ(walked.told[0].text, c.text);
    EXPECT_EQ(walked.told[0].step.truncated, c.truncated) << c.raw;
    EXPECT_EQ(walked.told[0].step.escaped, c.raw.find('\\') != std::string::npos);
  }
}

TEST(JsonWalker, KeepsCutTextUpToItsBound) {
  for (const std::size_t extra : {0U, 1U}) {
    const std::string value(kJsonTextBytesMax + extra, 'v');
    const Walked walked = walk("{\"name\":\"" + value + "\"}", 7, Slices::apart);
    ASSERT_EQ(walked.told.size(), 1U);
    EXPECT_EQ(walked.told[0].step.truncated, extra == 1);
    EXPECT_EQ(walked.told[0].text, value.substr(0, kJsonTextBytesMax));
    // Side by side nothing is cut.
    const Walked whole = walk("{\"name\":\"" + value + "\"}", 7, Slices::contiguous);
    EXPECT_EQ(whole.told[0].text, value);
    EXPECT_FALSE(whole.told[0].step.truncated);
  }
}

TEST(JsonWalker, TellsIntegersFromOtherNumbers) {
  struct Case {
    std::string text;
    bool integer;
    std::int64_t number;
  };
  const std::vector<Case> cases = {
      {"0", true, 0},
      {"-0", true, 0},
      {"7", true, 7},
      {"-9007199254740993", true, -9007199254740993},
      {"999999999999999999", true, 999999999999999999},
      {"1000000000000000000", false, 0},
      {"9223372036854775808", false, 0},
      {"18446744073709551617", false, 0},
      {"1.0", false, 0},
      {"1e2", false, 0},
      {"1e400", false, 0},
  };
  for (const Case& c : cases) {
    for (const std::size_t size : kSliceSizes) {
      const Walked walked = walk("{\"name\":" + c.text + " }", size, Slices::apart);
      ASSERT_EQ(walked.told.size(), 1U) << c.text;
      EXPECT_EQ(walked.told[0].step.integer, c.integer) << c.text;
      EXPECT_EQ(walked.told[0].step.number, c.number) << c.text;
    }
  }
}

TEST(JsonWalker, SaysWhetherAContainerWasEmpty) {
  const auto empty = [](const std::string& text) {
    return walk(text, 1, Slices::apart).told.back().step.empty;
  };
  EXPECT_TRUE(empty(R"({"inner":{}})"));
  EXPECT_TRUE(empty("{\"inner\":{ \n\t }}"));
  EXPECT_TRUE(empty(R"({"list":[ ]})"));
  EXPECT_FALSE(empty(R"({"inner":{"a":{}}})"));
  EXPECT_FALSE(empty(R"({"list":[[]]})"));
}

TEST(JsonWalker, EndsWhenTheSinkWantsNoMore) {
  JsonWalker walker;
  Recorder recorder;
  recorder.stop_after = 1;
  walker.start(kFields, {});
  EXPECT_EQ(walker.walk(R"({"name":1,"inner":{}})", recorder).error, JsonError::stopped);
  EXPECT_EQ(walker.walk("x", recorder).error, JsonError::stopped);
  EXPECT_EQ(recorder.told.size(), 1U);
}

TEST(JsonWalker, WithoutJudgingTellsTheSameOfWhatIsJson) {
  const std::string text =
      R"({"x":{"a":[{"name":1},"}]\\\"{",[[],{}]],"deep_value":[2]},"name":"n\u0061\n","y":[],)"
      R"("inner":{"z":{"deep_value":5},"deep_value":-45},"list":[{"id":7},[{"id":8}],{"id":"]"}]})";
  const Walked strict = walk(text, 100000, Slices::apart);
  ASSERT_TRUE(strict.complete);
  for (std::size_t size = 1; size <= text.size(); ++size) {
    for (const Slices slices : {Slices::contiguous, Slices::apart}) {
      const Walked walked = walk(text, size, slices, {});
      EXPECT_TRUE(walked.complete) << size;
      ASSERT_EQ(walked.told.size(), strict.told.size()) << size;
      for (std::size_t i = 0; i < walked.told.size(); ++i) {
        EXPECT_EQ(walked.told[i].step.field, strict.told[i].step.field);
        EXPECT_EQ(walked.told[i].step.begin, strict.told[i].step.begin);
        EXPECT_EQ(walked.told[i].step.end, strict.told[i].step.end);
        EXPECT_EQ(walked.told[i].text, strict.told[i].text);
      }
    }
  }
}

TEST(JsonWalker, OfWhatNobodyWantsOnlyTheBracketsCount) {
  const JsonWalkOptions loose{.depth_max = 4};
  for (const std::size_t size : kSliceSizes) {
    // Whatever stands in there is the client's to judge; the brackets say where it ends.
    const Walked odd =
        walk(R"({"x":{1 "\q" nul,,[,"]}"]},"name":"n"})", size, Slices::apart, loose);
    ASSERT_EQ(odd.told.size(), 1U) << size;
    EXPECT_EQ(odd.told[0].text, "n");
    EXPECT_TRUE(odd.complete);
    EXPECT_FALSE(walk(R"({"x":[[[]]]})", size, Slices::apart, loose).fault) << size;
    const JsonFault fault = walk(R"({"x":[[],[[[]]]]})", size, Slices::apart, loose).fault;
    EXPECT_EQ(fault.error, JsonError::too_deep) << size;
    EXPECT_EQ(fault.offset, 11U) << size;
    EXPECT_FALSE(walk(R"({"x":[[])", size, Slices::apart, loose).complete) << size;
  }
}

TEST(JsonWalker, FindsEscapesAndQuotesAtEveryPlaceOfABlock) {
  // A backslash, a quote and a \u escape pushed through the borders of blocks and runs.
  for (std::size_t pad = 0; pad < 140; ++pad) {
    for (const std::size_t far : {std::size_t{0}, kJsonRunBytesMax - 80}) {
      const std::string filler(pad + far, 'f');
      const std::string good = "{\"x\":\"" + filler + R"(\\\"\u00e4\\","name":")" + filler + "\"}";
      const Walked walked = walk(good, 100000, Slices::apart);
      ASSERT_TRUE(walked.complete) << pad;
      ASSERT_EQ(walked.told.size(), 1U);
      EXPECT_EQ(walked.told[0].text, filler);
      for (const std::string_view bad : {R"(\\\q)", R"(\u00e)", R"(\u00g0)"}) {
        const std::string text = "{\"x\":\"" + filler + std::string(bad) + "\"}";
        EXPECT_EQ(walk(text, 100000, Slices::apart).fault.error, JsonError::syntax) << text;
        EXPECT_EQ(walk(text, 64, Slices::apart).fault.error, JsonError::syntax) << text;
      }
    }
  }
}

}  // namespace
}  // namespace headrace::policy

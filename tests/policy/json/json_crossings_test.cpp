// Ways to what is wanted, of which nothing itself is told (JsonContainer::way).
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/policy/json/walked.h"

namespace headrace::policy {
namespace {

constexpr JsonField kEntries = 2;
constexpr JsonField kEntry = 3;
constexpr JsonField kPart = 4;
constexpr JsonField kId = 5;
constexpr JsonRule kPaths[] = {
    {kJsonRoot, "entries", kEntries, JsonContainer::way},
    {kEntries, "", kEntry, JsonContainer::way},
    {kEntry, "content", kPart, JsonContainer::way},
    {kPart, "", kPart, JsonContainer::way},
    {kPart, "id", kId},
};
constexpr JsonFields kWays{kPaths, JsonContainer::pass};

Walked walk_ways(std::string_view text, std::size_t slice_bytes) {
  JsonWalker walker;
  walker.start(kWays, {.contiguous = true, .strict = true, .refuse_ambiguous_keys = true});
  Recorder recorder;
  Walked walked;
  const Exact whole(text);
  for (std::size_t at = 0; at < text.size() && !walked.fault; at += slice_bytes)
    walked.fault = walker.walk(whole.view().substr(at, slice_bytes), recorder);
  walked.complete = walker.complete();
  walked.told = recorder.told;
  return walked;
}

TEST(JsonCrossings, AreThoseWhoseKeysLeadToWaysOnly) {
  EXPECT_EQ(kWays.place(kEntry).crossing(), kEntry);
  EXPECT_EQ(kWays.place(kEntry).node(), kJsonNoField);
  for (const JsonField field : {kPart, kJsonRoot, kJsonNoField}) {
    EXPECT_EQ(kWays.place(field).crossing(), kJsonNoField);
    EXPECT_EQ(kWays.place(field).node(), field);
  }
  EXPECT_TRUE(kWays.has_crossings());
  EXPECT_FALSE(kFields.has_crossings());
}

TEST(JsonCrossings, LeadToWhatIsWantedWhateverTheSlices) {
  const std::string long_text(5000, 'x');
  for (const std::string& text : std::vector<std::string>{
           R"({"entries":[{"content":{"id":"1"}},{"content":[{"id":"2"}]}]})",
           R"({"entries":[{"role":"u","content":"id"},{"a":[{"id":"no"}],"content":{"id":"1"}},)"
           R"({"content":[[{"x":{"id":"no"},"id":"2"}]]}]})",
           R"({"entries":[{"cont\u0065nt" : {"id":"1"}},7,"content",{"content":true,"content":)"
           R"([{"id":"2"}]}],"content":{"id":"no"}})",
           R"({"entries":[{"content":{"id":"1"},"text":")" + long_text +
               R"(","content":{"text":")" + long_text + R"(","id":"2"}}]})"}) {
    for (const std::size_t size : kSliceSizes) {
      const Walked walked = walk_ways(text, size);
      ASSERT_FALSE(walked.fault) << walked.fault.reason << " in " << size << ": " << text;
      EXPECT_TRUE(walked.complete);
      ASSERT_EQ(walked.told.size(), 2U) << size << ": " << text;
      EXPECT_EQ(walked.told[0].text, "1");
      EXPECT_EQ(walked.told[1].text, "2");
    }
  }
}

TEST(JsonCrossings, RefuseOtherLettersWhereSomethingStandsBehindThem) {
  for (const std::size_t size : kSliceSizes) {
    EXPECT_FALSE(walk_ways(R"({"entries":[{"Content":"x","CONTENT":null}]})", size).fault);
    const Walked refused = walk_ways(R"({"entries":[{"role":"x","Content" : []}]})", size);
    EXPECT_EQ(refused.fault.error, JsonError::ambiguous_key) << size;
    EXPECT_EQ(refused.fault.offset, 24U) << size;
  }
}

}  // namespace
}  // namespace headrace::policy

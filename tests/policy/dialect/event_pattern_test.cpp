#include "policy/dialect/event_pattern.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

// An event with its holes marked: `<` and `>` around the text that may differ, `#` before it for a
// number, `~` for text that is not output, `?` for what nobody wants.
struct Marked {
  explicit Marked(std::string_view marked) {
    EventHole hole;
    for (std::size_t i = 0; i < marked.size(); ++i) {
      const char c = marked[i];
      if (c == '#') {
        hole.kind = EventHole::Kind::number;
      } else if (c == '~') {
        hole.kind = EventHole::Kind::text;
      } else if (c == '?') {
        hole.kind = EventHole::Kind::maybe;
      } else if (c == '<') {
        hole.begin = static_cast<std::uint32_t>(event.size());
      } else if (c == '>') {
        hole.end = static_cast<std::uint32_t>(event.size());
        holes.push_back(hole);
        hole = {.kind = EventHole::Kind::output};
      } else {
        event.push_back(c);
      }
    }
  }
  std::string event;
  std::vector<EventHole> holes;
};

constexpr std::string_view kMarked =
    "data: {\"n\":#<17>,\"text\":\"~<>\",\"delta\":\"<Hello>\",\"pad\":\"~<xyz>\"}\n\n";

EventPattern learned() {
  Marked marked(kMarked);
  marked.holes[1].kind = EventHole::Kind::output;
  marked.holes[2].kind = EventHole::Kind::output;
  EventPattern pattern;
  pattern.learn(marked.event, marked.holes);
  return pattern;
}

TEST(EventPattern, MatchesWhatDiffersInTheHolesOnly) {
  const EventPattern pattern = learned();
  const std::string event =
      R"(data: {"n":123,"text":"a","delta":" wor\"ld\\ and a text beyond sixteen bytes","pad":""})"
      "\n\n";
  const auto match = pattern.match(event + "data: more");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->size, event.size());
  EXPECT_EQ(match->number, 123);
  EXPECT_EQ(match->output_bytes,
            std::string_view(R"(a wor\"ld\\ and a text beyond sixteen bytes)").size());
}

TEST(EventPattern, IsNotFooledByStructureInTheText) {
  const EventPattern pattern = learned();
  const std::vector<std::string> others = {
      "",
      "data: ",
      (R"(data: {"n":1,"text":"","delta":"x"},"usage":{"a":"","pad":""})"
       "\n\n"),
      (R"(data: {"n":1,"text":"","delta":"x","usage":{},"pad":""})"
       "\n\n"),
      (R"(data: {"n":1,"text":"","delta":"x\","pad":""})"
       "\n\n"),
      (R"(data: {"n":1,"text":"","delta":"x","pad":"")"
       "\n\n"),
      (R"(data: {"n":,"text":"","delta":"x","pad":""})"
       "\n\n"),
      (R"(data: {"n":-1,"text":"","delta":"x","pad":""})"
       "\n\n"),
      (R"(data: {"n":01,"text":"","delta":"x","pad":""})"
       "\n\n"),
      (R"(data: {"n":1.5,"text":"","delta":"x","pad":""})"
       "\n\n"),
      (R"(data: {"n":1234567890123456789,"text":"","delta":"x","pad":""})"
       "\n\n"),
      (R"(data: {"n":1,"text":"","delta":null,"pad":""})"
       "\n\n"),
      "data: {\"n\":1,\"text\":\"\",\"delta\":\"x\n\",\"pad\":\"\"}\n\n",
      "data: {\"n\":1,\"text\":\"\",\"delta\":\"x\\\n\",\"pad\":\"\"}\n\n",
      (R"(data: {"n":1,"text":"","delta":"x","pad":""})"
       "\n"),
      R"(data: {"n":1,"text":"","delta":"x)",
  };
  for (const std::string& other : others)
    EXPECT_FALSE(pattern.match(other)) << other;
}

TEST(EventPattern, MatchesNothingBeforeItHasLearned) {
  EXPECT_FALSE(EventPattern{}.match("data: x\n\n"));
  EventPattern pattern = learned();
  pattern.forget();
  EXPECT_FALSE(pattern.match(Marked(kMarked).event));
}

// What nobody wants is kept, until it was seen to differ; from then on it may be anything.
TEST(EventPattern, LearnsWhichStringsDiffer) {
  const auto event = [](std::string_view id, std::string_view stamp) {
    return Marked("data: {\"id\":\"?<" + std::string(id) + ">\",\"delta\":\"<x>\",\"stamp\":\"?<" +
                  std::string(stamp) + ">\"}\n\n");
  };
  EventPattern pattern;
  const auto learn = [&](const Marked& marked) { pattern.learn(marked.event, marked.holes); };
  learn(event("a", "1"));
  EXPECT_TRUE(pattern.match(event("a", "1").event));
  EXPECT_FALSE(pattern.match(event("a", "2").event));
  learn(event("a", "2"));
  const auto match = pattern.match(event("a", "345").event);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->output_bytes, 1U);
  EXPECT_FALSE(pattern.match(event("b", "2").event));
  EXPECT_FALSE(pattern.match(event("a", "2\",\"usage\":{\"x\":\"").event));
  learn(event("b", "2"));
  EXPECT_TRUE(pattern.match(event("c", "4").event));
  // Another kind of event: nothing is known of it.
  learn(Marked("data: {\"delta\":\"<x>\",\"stamp\":\"?<1>\"}\n\n"));
  EXPECT_FALSE(pattern.match(Marked("data: {\"delta\":\"<x>\",\"stamp\":\"?<2>\"}\n\n").event));
}

TEST(EventPattern, GivesUpWhereTooMuchDiffers) {
  std::string marked = "data: {\"delta\":\"<x>\"";
  for (std::size_t i = 0; i < EventPattern::kMaybeMax; ++i)
    marked += ",\"m\":\"?<@>\"";
  marked += "}\n\n";
  const auto with = [&](char c) {
    std::string here = marked;
    std::ranges::replace(here, '@', c);
    return Marked(here);
  };
  EventPattern pattern;
  for (const char c : {'a', 'b', 'c', 'd'}) {
    const Marked event = with(c);
    EXPECT_FALSE(pattern.match(event.event)) << c;
    pattern.learn(event.event, event.holes);
  }
}

TEST(EventPattern, LearnsNothingBeyondItsRoom) {
  for (const std::size_t extra : {0U, 1U}) {
    const std::string kept(EventPattern::kKeptBytesMax + extra, 'k');
    EventPattern pattern;
    pattern.learn(kept, {});
    EXPECT_EQ(pattern.match(kept).has_value(), extra == 0);
  }
  EventPattern pattern;
  const std::vector<EventHole> holes(EventPattern::kHolesMax + 1);
  pattern.learn("data: x\n\n", holes);
  EXPECT_FALSE(pattern.match("data: x\n\n"));
}

}  // namespace
}  // namespace headrace::policy

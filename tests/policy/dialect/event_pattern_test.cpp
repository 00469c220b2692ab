#include "policy/dialect/event_pattern.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

// An event with its holes marked: `<` and `>` around the text that may differ, `#` before it for a
// number, `~` for text that is not output.
struct Marked {
  explicit Marked(std::string_view marked) {
    EventHole hole;
    for (std::size_t i = 0; i < marked.size(); ++i) {
      const char c = marked[i];
      if (c == '#') {
        hole.kind = EventHole::Kind::number;
      } else if (c == '~') {
        hole.kind = EventHole::Kind::text;
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
      R"(data: {"n":1,"text":"","delta":"x"},"usage":{"a":"","pad":""})"
      "\n\n",
      R"(data: {"n":1,"text":"","delta":"x","usage":{},"pad":""})"
      "\n\n",
      R"(data: {"n":1,"text":"","delta":"x\","pad":""})"
      "\n\n",
      R"(data: {"n":1,"text":"","delta":"x","pad":"")"
      "\n\n",
      R"(data: {"n":,"text":"","delta":"x","pad":""})"
      "\n\n",
      R"(data: {"n":-1,"text":"","delta":"x","pad":""})"
      "\n\n",
      R"(data: {"n":1.5,"text":"","delta":"x","pad":""})"
      "\n\n",
      R"(data: {"n":1234567890123456789,"text":"","delta":"x","pad":""})"
      "\n\n",
      R"(data: {"n":1,"text":"","delta":null,"pad":""})"
      "\n\n",
      "data: {\"n\":1,\"text\":\"\",\"delta\":\"x\n\",\"pad\":\"\"}\n\n",
      "data: {\"n\":1,\"text\":\"\",\"delta\":\"x\\\n\",\"pad\":\"\"}\n\n",
      R"(data: {"n":1,"text":"","delta":"x","pad":""})"
      "\n",
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

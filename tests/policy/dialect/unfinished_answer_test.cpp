#include "policy/dialect/unfinished_answer.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/policy/dialect/metered_relay.h"

namespace headrace::policy {
namespace {

// What is known after a stream of these events.
UnfinishedAnswer after(Endpoint endpoint, std::initializer_list<std::string> events,
                       std::size_t slice_bytes = 1 << 20) {
  std::string stream;
  for (const std::string& event : events)
    stream += "data: " + event + "\n\n";
  MeteredRelay relay(endpoint);
  relay.pass(stream, slice_bytes);
  return relay.meter.unfinished();
}

std::string choice(int index, const std::string& finish = "null") {
  return R"({"id":"c-1","created":17,"model":"m-1","choices":[{"index":)" + std::to_string(index) +
         R"(,"delta":{"content":"x"},"finish_reason":)" + finish + "}]}";
}

TEST(UnfinishedAnswer, TakesTheFirstNamesThatItsStreamGives) {
  const UnfinishedAnswer chat = after(
      Endpoint::chat_completions, {R"({"id":"","created":0,"model":"","choices":[]})", choice(0),
                                   R"({"id":"c-2","created":18,"model":"m-2","choices":[]})"});
  EXPECT_EQ(chat.id(), "c-1");
  EXPECT_EQ(chat.model(), "m-1");
  EXPECT_EQ(chat.created_seconds(), 17);

  const UnfinishedAnswer responses =
      after(Endpoint::responses,
            {R"({"type":"response.created","sequence_number":0,"response":)"
             R"({"id":"resp_1","created_at":19,"model":"m","output":[{"id":"x"}]}})"});
  EXPECT_EQ(responses.id(), "resp_1");
  EXPECT_EQ(responses.model(), "m");
  EXPECT_EQ(responses.created_seconds(), 19);

  const UnfinishedAnswer gemini =
      after(Endpoint::stream_generate_content,
            {R"({"candidates":[{"content":{"parts":[{"text":"x"}]}}],"modelVersion":"g",)"
             R"("responseId":"r"})"});
  EXPECT_EQ(gemini.id(), "r");
  EXPECT_EQ(gemini.model(), "g");
  EXPECT_EQ(gemini.choices(), 1);
}

TEST(UnfinishedAnswer, TakesNothingThatIsNotFitToBeRepeated) {
  const std::string longest(UnfinishedAnswer::kNameBytesMax, 'i');
  EXPECT_EQ(after(Endpoint::chat_completions, {R"({"id":")" + longest + "\"}"}).id(), longest);
  for (const std::string& id :
       {"\"" + longest + "i\"", std::string(R"("a\"b")"), std::string(R"("a\u0062")"),
        std::string("\"a b\""), std::string("\"\xC3\xA9\""), std::string("\"a\x7F\""),
        std::string("17"), std::string("null"), std::string(R"({"id":"a"})"),
        std::string(R"(["a"])")}) {
    EXPECT_EQ(after(Endpoint::chat_completions, {"{\"id\":" + id + "}"}).id(), "") << id;
  }
  for (const std::string created : {"-1", "1.5", "1e9", "\"17\"", "253402300800", "null"}) {
    const auto answer = after(Endpoint::chat_completions, {"{\"created\":" + created + "}"});
    EXPECT_EQ(answer.created_seconds(), 0) << created;
  }
  EXPECT_EQ(after(Endpoint::chat_completions, {R"({"created":253402300799})"}).created_seconds(),
            UnfinishedAnswer::kCreatedSecondsMax);
  // Names within the model's text are nobody's.
  EXPECT_EQ(
      after(Endpoint::chat_completions,
            {R"({"choices":[{"index":0,"id":"x","delta":{"id":"y","content":"{\"id\":1}"}}]})"})
          .id(),
      "");
}

TEST(UnfinishedAnswer, KnowsWhichChoicesAreOpen) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{5}, std::size_t{1} << 20}) {
    const UnfinishedAnswer answer = after(
        Endpoint::chat_completions,
        {choice(0), choice(2), choice(5), choice(0), choice(2, "\"stop\""), choice(5, "\"\"")},
        bytes);
    EXPECT_EQ(answer.choices(), 0b100101);
    EXPECT_EQ(answer.open_choices(), 0b100001);
  }
  // Several in one chunk, the reason before the index, and one without an index.
  const UnfinishedAnswer mixed = after(
      Endpoint::stream_generate_content,
      {R"({"candidates":[{"finishReason":"STOP","index":1},{"content":{"parts":[{"text":"a"}]}},)"
       R"({"finishReason":"FINISH_REASON_UNSPECIFIED","index":3}]})"});
  EXPECT_EQ(mixed.choices(), 0b1011);
  EXPECT_EQ(mixed.open_choices(), 0b1001);
}

// A provider that says with every event that it is the last one has not ended before it is silent.
TEST(UnfinishedAnswer, KnowsWhoGoesOnBehindItsOwnEnd) {
  const std::string last = R"("stop")";
  const std::string silent =
      R"({"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]})";
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
    const auto open = [bytes](std::initializer_list<std::string> events) {
      return after(Endpoint::chat_completions, events, bytes).open_choices();
    };
    EXPECT_EQ(open({choice(0, last)}), 0);
    EXPECT_EQ(open({choice(0, last), silent}), 0);
    EXPECT_EQ(open({choice(0, last), choice(0, last)}), 0b1);
    EXPECT_EQ(open({choice(0, last), choice(1), choice(0, last), choice(1, last)}), 0b1);
    // Also where it is like the events before its end.
    EXPECT_EQ(open({choice(0), choice(0), choice(0, last), choice(0)}), 0b1);
    EXPECT_EQ(open({choice(0), choice(1), choice(1), choice(0, last), choice(1), choice(1)}), 0b10);
  }
  const std::string text = R"("content":{"parts":[{"text":"a"}]},"finishReason":"STOP")";
  const UnfinishedAnswer gemini =
      after(Endpoint::stream_generate_content,
            {R"({"candidates":[{)" + text + R"(},{)" + text + R"(,"index":1}]})",
             R"({"candidates":[{"finishReason":"STOP","index":1},{)" + text + "}]}"});
  EXPECT_EQ(gemini.choices(), 0b11);
  EXPECT_EQ(gemini.open_choices(), 0b1);
}

TEST(UnfinishedAnswer, FollowsSoManyChoicesAndNoMore) {
  const auto last = static_cast<int>(UnfinishedAnswer::kChoicesMax) - 1;
  EXPECT_EQ(after(Endpoint::chat_completions, {choice(last)}).open_choices(), 1U << last);
  EXPECT_EQ(after(Endpoint::chat_completions, {choice(last + 1)}).choices(), 0);
  for (const std::string index : {"-1", "1.5", "\"0\"", "99999999999999999999", "null"}) {
    EXPECT_EQ(
        after(Endpoint::chat_completions, {R"({"choices":[{"index":)" + index + "}]}"}).choices(),
        0)
        << index;
  }
  EXPECT_EQ(after(Endpoint::chat_completions, {R"({"choices":["x",[],17]})"}).choices(), 0);
}

TEST(UnfinishedAnswer, WhatAnEventSaysOfChoicesCountsFromItsEndOn) {
  MeteredRelay relay(Endpoint::chat_completions);
  const std::string last = "data: " + choice(0, "\"stop\"") + "\n\n";
  relay.pass("data: " + choice(0) + "\n\ndata: " + choice(1) + "\n");
  EXPECT_EQ(relay.meter.unfinished().open_choices(), 0b01);
  relay.pass("\n" + last.substr(0, last.size() - 1));
  EXPECT_EQ(relay.meter.unfinished().open_choices(), 0b11);
  relay.pass("\n");
  EXPECT_EQ(relay.meter.unfinished().open_choices(), 0b10);
}

// Events that are only recognised as like earlier ones are of choices that are known.
TEST(UnfinishedAnswer, KnowsThemAlsoWhereEventsAreAlike) {
  std::string text = choice(1);
  const UnfinishedAnswer answer =
      after(Endpoint::chat_completions, {text, text, text, choice(3), choice(3), choice(1)});
  EXPECT_EQ(answer.open_choices(), 0b1010);
  EXPECT_EQ(answer.id(), "c-1");
}

}  // namespace
}  // namespace headrace::policy

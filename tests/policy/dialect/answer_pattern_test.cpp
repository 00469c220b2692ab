#include "policy/dialect/answer_pattern.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/dialect/answer_fields.h"
#include "policy/dialect/usage_scanner.h"
#include "policy/json/json_walker.h"

namespace headrace::policy {
namespace {

// What a sink hears, in words.
class Heard final : public JsonSink {
 public:
  bool on_json(const JsonStep& step) override {
    text += std::to_string(static_cast<int>(step.kind)) +
            std::to_string(static_cast<int>(step.type)) + " " + std::to_string(step.field) + " [" +
            std::to_string(step.begin) + "," + std::to_string(step.end) + ") " +
            std::to_string(step.number) + " " + std::string(step.text) +
            (step.integer ? " integer" : "") + (step.escaped ? " escaped" : "") +
            (step.truncated ? " truncated" : "") + (step.empty ? " empty" : "") + "\n";
    return true;
  }
  std::string text;
};

struct Walked {
  bool whole = false;
  std::string heard;
};
Walked walk(std::string_view answer, const JsonFields& fields) {
  JsonWalker walker;
  Heard heard;
  walker.start(fields, {});
  const bool good = !walker.walk(answer, heard);
  return {good && walker.complete(), heard.text};
}

constexpr std::string_view kChat =
    R"({"id":"chatcmpl-1","object":"chat.completion","created":1800000000,"model":"m",)"
    R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hello","refusal":null},)"
    R"("logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,)"
    R"("completion_tokens":7,"total_tokens":26,"prompt_tokens_details":{"cached_tokens":0}},)"
    R"("service_tier":"default"})"
    "\n";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  const std::size_t at = result.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return result.replace(at, from.size(), to);
}

TEST(AnswerPattern, TellsWhatAWalkWouldTell) {
  const JsonFields& fields = answer_fields(Endpoint::chat_completions);
  AnswerPattern pattern;
  Heard nothing;
  EXPECT_FALSE(pattern.match(kChat, fields, nothing));
  pattern.learn(kChat, fields);
  for (const std::string& answer :
       {std::string(kChat), replaced(kChat, "Hello", R"(a \"b\" \\ \u00e9, \"usage\":{)"),
        replaced(kChat, "Hello", std::string(5000, 'x')), replaced(kChat, "Hello", ""),
        replaced(kChat, ":19,", ":0,"), replaced(kChat, ":19,", ":123456789012345678,"),
        replaced(kChat, "\"stop\"", R"("\u0073top")"), replaced(kChat, "default", "priority"),
        replaced(kChat, "default", std::string(100, 'y') + "\\n"),
        replaced(kChat, "1800000000", "1")}) {
    Heard heard;
    EXPECT_TRUE(pattern.match(answer, fields, heard)) << answer;
    const Walked walked = walk(answer, fields);
    EXPECT_TRUE(walked.whole);
    EXPECT_EQ(heard.text, walked.heard) << answer;
  }
}

TEST(AnswerPattern, LeavesAllElseToTheWalk) {
  const JsonFields& fields = answer_fields(Endpoint::chat_completions);
  AnswerPattern pattern;
  pattern.learn(kChat, fields);
  for (const std::string& answer :
       {replaced(kChat, "null", "\"no\""), replaced(kChat, ":19,", ":19.5,"),
        replaced(kChat, ":19,", ":-19,"), replaced(kChat, ":19,", ":019,"),
        replaced(kChat, ":19,", ":1234567890123456789,"), replaced(kChat, ":19,", ": 19,"),
        replaced(kChat, ":19,", ":\"19\","), replaced(kChat, "total_tokens", "total-tokens"),
        replaced(kChat, "Hello", "a\nb"), replaced(kChat, "Hello", "a\\"),
        replaced(kChat, "}\n", "}"), replaced(kChat, "}\n", "}\n{}"), std::string(kChat.substr(1)),
        std::string(kChat.substr(0, 300)), std::string()}) {
    Heard heard;
    EXPECT_FALSE(pattern.match(answer, fields, heard)) << answer;
  }
  Heard heard;
  EXPECT_FALSE(pattern.match(kChat, answer_fields(Endpoint::messages), heard));
}

// Whatever bytes stand there: where a changed answer is taken for one like the learned one, a walk
// tells the same of it.
TEST(AnswerPattern, IsNeverOfAnotherMindThanTheWalk) {
  const struct {
    Endpoint endpoint;
    std::string answer;
  } learned[] = {
      {Endpoint::chat_completions, std::string(kChat)},
      {Endpoint::messages,
       R"({"type":"message","content":[{"type":"text","text":"hi \"there\" \\"}],)"
       R"("stop_reason":"end_turn","usage":{"input_tokens":10,"cache_read_input_tokens":1000,)"
       R"("output_tokens":40,"service_tier":"standard"}})"},
      {Endpoint::generate_content,
       R"({"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}],)"
       R"("usageMetadata":{"promptTokenCount":1000,"promptTokensDetails":[{"modality":"TEXT",)"
       R"("tokenCount":700},{"tokenCount":200,"modality":"AUDIO"}],"x":[1,"a",{"y":-2}]}})"},
      {Endpoint::responses,
       R"({"id":"r","status":"completed","error":null,"output":[{"type":"message","content":[)"
       R"({"type":"output_text","text":"ok"}]}],"usage":{"input_tokens":75,"output_tokens":1186},)"
       R"("metadata":{}})"},
  };
  std::mt19937_64 random(7);
  constexpr std::string_view kOdd = "\"\\{}[]:,0123456789 \n\x01tfna-.";
  std::size_t alike = 0;
  for (const auto& [endpoint, answer] : learned) {
    const JsonFields& fields = answer_fields(endpoint);
    AnswerPattern pattern;
    pattern.learn(answer, fields);
    for (int round = 0; round < 20'000; ++round) {
      std::string changed = answer;
      for (std::uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
        const std::size_t at = random() % changed.size();
        const char c = kOdd[random() % kOdd.size()];
        const std::uint64_t what = random() % 3;
        if (what == 0) changed[at] = c;
        if (what == 1) changed.insert(at, 1, c);
        if (what == 2) changed.erase(at, 1 + random() % 3);
      }
      Heard heard;
      if (!pattern.match(changed, fields, heard)) continue;
      ++alike;
      const Walked walked = walk(changed, fields);
      ASSERT_TRUE(walked.whole) << changed;
      ASSERT_EQ(heard.text, walked.heard) << changed;
    }
  }
  EXPECT_GT(alike, 1000U);
}

// What cannot be a pattern is walked each time, and tried ever more seldom.
TEST(AnswerPattern, TakesNoAnswerThatItCouldNotTell) {
  const JsonFields& fields = answer_fields(Endpoint::chat_completions);
  std::string many = R"({"data":[1)";
  for (int i = 0; i < 1000; ++i)
    many += ",1";
  many += "]}";
  for (const std::string& answer :
       {many, std::string("{}"), std::string("17"),
        std::string(R"({"usage":{"prompt_tokens":-5}})"), std::string(R"({"x":[\"a",1]})"),
        R"({"a":1,")" + std::string(3000, 'k') + R"(":2})"}) {
    AnswerPattern pattern;
    pattern.learn(answer, fields);
    Heard heard;
    EXPECT_FALSE(pattern.match(answer, fields, heard)) << answer.substr(0, 60);
  }
}

TEST(AnswerPattern, OfManyKindsOneIsKept) {
  const JsonFields& fields = answer_fields(Endpoint::chat_completions);
  AnswerPattern pattern;
  std::size_t learned = 0;
  std::size_t alike = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string answer = R"({"kind)" + std::to_string(i % 3) + R"(":1})";
    Heard heard;
    if (pattern.match(answer, fields, heard)) {
      ++alike;
      continue;
    }
    pattern.learn(answer, fields);
    AnswerPattern copy = pattern;  // asking changes what is learned next
    if (copy.match(answer, fields, heard)) ++learned;
  }
  EXPECT_GT(alike, 500U);
  EXPECT_LT(learned, 1000U);
}

TEST(AnswerPattern, AScannerReadsTheSameWithOne) {
  AnswerPattern pattern;
  for (int i = 0; i < 4; ++i) {
    const std::string answer = replaced(kChat, ":26,", ":" + std::to_string(20 + i) + ",");
    const auto bytes = std::as_bytes(std::span(answer));
    UsageScanner plain(Endpoint::chat_completions);
    UsageScanner scanner(Endpoint::chat_completions, &pattern);
    plain.feed(bytes);
    scanner.feed(bytes);
    EXPECT_TRUE(scanner.complete());
    EXPECT_EQ(scanner.raw().get(RawField::total_tokens), 20 + i);
    EXPECT_EQ(scanner.usage().in_total(), plain.usage().in_total());
    EXPECT_EQ(scanner.finish_reason(), FinishReason::stop);
    EXPECT_EQ(scanner.usage().service_tier.view(), "default");
    scanner.feed(bytes.first(0));
    const std::string more = "  ";
    scanner.feed(std::as_bytes(std::span(more)));
    EXPECT_TRUE(scanner.complete());
    scanner.feed(bytes);
    EXPECT_FALSE(scanner.complete());
  }
}

}  // namespace
}  // namespace headrace::policy

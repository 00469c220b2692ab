#include <string>

#include <gtest/gtest.h>

#include "tests/tools/mock/answers.h"

namespace headrace::tools::mock {
namespace {

using nlohmann::json;

constexpr std::string_view kMessages = "/v1/messages";
constexpr std::string_view kPlain =
    R"({"model":"claude-x","max_tokens":500,"messages":[{"role":"user","content":"hi"}]})";
constexpr std::string_view kStream =
    R"({"model":"claude-x","max_tokens":500,"stream":true,"messages":[]})";

TEST(AnthropicMessages, InputTokensLeaveTheCacheOut) {
  Answers answers;
  answers.with("cached-share", "0.5").with("cache-write-share", "0.5");
  const AnswerPlan plan = answers.plan(kMessages, kPlain);
  const json body = answers.body(kMessages, kPlain);
  EXPECT_EQ(body.at("type"), "message");
  EXPECT_EQ(body.at("stop_reason"), "end_turn");
  EXPECT_EQ(body.at("content").at(0).at("type"), "text");
  const json& usage = body.at("usage");
  const auto count = [&usage](const char* name) { return usage.at(name).get<std::uint64_t>(); };
  EXPECT_EQ(count("input_tokens") + count("cache_creation_input_tokens") +
                count("cache_read_input_tokens"),
            plan.usage.prompt);
  EXPECT_GT(count("cache_creation_input_tokens"), 0U);
  EXPECT_EQ(usage.at("cache_creation").at("ephemeral_5m_input_tokens"),
            usage.at("cache_creation_input_tokens"));
  EXPECT_EQ(count("output_tokens"), 64U);
}

TEST(AnthropicMessages, StreamRunsThroughItsEventsInOrder) {
  Answers answers;
  const auto events = sse_events(answers.stream(kMessages, kStream));
  std::string text;
  std::string order;
  for (const SseEvent& event : events) {
    const json data = Answers::parsed(event.data);
    EXPECT_EQ(data.at("type"), event.event);
    if (event.event == "content_block_delta") {
      text += data.at("delta").at("text");
      if (order.ends_with("content_block_delta ")) continue;
    }
    order += event.event + " ";
  }
  EXPECT_EQ(order,
            "message_start ping content_block_start content_block_delta content_block_stop "
            "message_delta message_stop ");
  std::string whole;
  put_answer(whole, answers.provider(), answers.plan(kMessages, kStream));
  EXPECT_EQ(Answers::parsed(whole)["content"][0]["text"], text);
  const json start = Answers::parsed(events.front().data).at("message");
  EXPECT_TRUE(start.at("stop_reason").is_null());
  EXPECT_EQ(start.at("usage").at("output_tokens"), 1);  // a placeholder
  const json delta = Answers::parsed(events[events.size() - 2].data);
  EXPECT_EQ(delta.at("usage").at("output_tokens"), 64);
  EXPECT_EQ(delta.at("usage").at("input_tokens"), start.at("usage").at("input_tokens"));
  EXPECT_EQ(delta.at("delta").at("stop_reason"), "end_turn");
}

TEST(AnthropicMessages, ThinkingComesInItsOwnBlockAndCountsAsOutput) {
  Answers answers;
  constexpr std::string_view kThinking =
      R"({"model":"c","max_tokens":5000,"stream":true,"messages":[],)"
      R"("thinking":{"type":"enabled","budget_tokens":1024}})";
  const auto events = sse_events(answers.stream(kMessages, kThinking));
  const json first = Answers::parsed(events.at(2).data);
  EXPECT_EQ(first.at("content_block").at("type"), "thinking");
  const json delta = Answers::parsed(events[events.size() - 2].data);
  EXPECT_EQ(delta.at("usage").at("output_tokens"), 64 + 16);
  EXPECT_EQ(delta.at("usage").at("output_tokens_details").at("thinking_tokens"), 16);
  bool text_in_second_block = false;
  for (const SseEvent& event : events) {
    const json data = Answers::parsed(event.data);
    if (event.event == "content_block_delta" && data["delta"]["type"] == "text_delta") {
      text_in_second_block = data.at("index") == 1;
    }
  }
  EXPECT_TRUE(text_in_second_block);
}

TEST(AnthropicMessages, StreamsAToolCallPieceByPiece) {
  Answers answers;
  constexpr std::string_view kTool =
      R"({"model":"c","max_tokens":5000,"stream":true,"messages":[],"tool_choice":{"type":"any"},)"
      R"("tools":[{"name":"find","input_schema":{"type":"object","properties":)"
      R"({"größe":{"type":"array","items":{"type":"number"}}}}}]})";
  const auto events = sse_events(answers.stream(kMessages, kTool));
  std::string input;
  for (const SseEvent& event : events) {
    const json data = Answers::parsed(event.data);
    if (event.event == "content_block_delta") input += data.at("delta").at("partial_json");
  }
  EXPECT_EQ(Answers::parsed(input), json::parse(R"({"größe":[7.5]})"));
  const json delta = Answers::parsed(events[events.size() - 2].data);
  EXPECT_EQ(delta.at("delta").at("stop_reason"), "tool_use");
}

TEST(AnthropicMessages, OutputLimitStopsWithMaxTokens) {
  Answers answers;
  const json body = answers.body(kMessages, R"({"model":"claude-x","max_tokens":5,"messages":[]})");
  EXPECT_EQ(body.at("stop_reason"), "max_tokens");
  EXPECT_EQ(body.at("usage").at("output_tokens"), 5);
}

TEST(AnthropicMessages, MaxTokensIsRequired) {
  RequestFactsReader reader;
  std::string body = R"({"model":"c","messages":[]})";
  const auto size = body.size();
  body.append(RequestFactsReader::kPadding, ' ');
  const auto facts =
      reader.read(find_route("POST", kMessages, "", false), std::string_view(body).substr(0, size));
  ASSERT_FALSE(facts.has_value());
  EXPECT_EQ(facts.error(), "max_tokens: Field required");
}

TEST(AnthropicMessages, CountTokensAgreesWithTheMessage) {
  Answers answers;
  const json count = answers.body("/v1/messages/count_tokens", kPlain);
  EXPECT_EQ(count.at("input_tokens"),
            answers.body(kMessages, kPlain).at("usage").at("input_tokens"));
}

TEST(AnthropicModels, ListTellsItsEnds) {
  Answers answers;
  const json list = answers.body("/v1/models", "", "", "GET", true);
  EXPECT_EQ(list.at("data").at(0).at("type"), "model");
  EXPECT_EQ(list.at("first_id"), "alpha");
  EXPECT_EQ(list.at("last_id"), "beta");
  EXPECT_EQ(list.at("has_more"), false);
}

}  // namespace
}  // namespace headrace::tools::mock

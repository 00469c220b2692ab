#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "tests/tools/mock/answers.h"

namespace headrace::tools::mock {
namespace {

using nlohmann::json;

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kPlain =
    R"({"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]})";
constexpr std::string_view kTools =
    R"({"model":"m","messages":[],"tool_choice":"required","tools":[{"type":"function","function":)"
    R"({"name":"find","parameters":{"type":"object","properties":{"city":{"type":"string"},)"
    R"("days":{"type":"integer"},"unit":{"enum":["C","F"]}}}}}]})";

std::string streaming(std::string_view body, std::string_view more = "") {
  std::string text(body.substr(0, body.size() - 1));
  return text + R"(,"stream":true)" + std::string(more) + "}";
}

// Puts the deltas of a chat stream together again, per choice.
struct ChatStream {
  std::vector<std::string> texts;
  std::vector<std::string> finish_reasons;
  std::string tool_name;
  std::string tool_arguments;
  json usage;
  bool done = false;

  explicit ChatStream(std::string_view wire) {
    for (const SseEvent& event : sse_events(wire)) {
      EXPECT_FALSE(done) << "something follows [DONE]";
      if (event.data == "[DONE]") {
        done = true;
        continue;
      }
      take(Answers::parsed(event.data));
    }
  }

  void take(const json& chunk) {
    EXPECT_EQ(chunk.at("object"), "chat.completion.chunk");
    if (chunk.contains("usage") && !chunk["usage"].is_null()) {
      EXPECT_TRUE(chunk.at("choices").empty());
      usage = chunk["usage"];
      return;
    }
    const json& choice = chunk.at("choices").at(0);
    const auto index = choice.at("index").get<std::size_t>();
    texts.resize(std::max(texts.size(), index + 1));
    finish_reasons.resize(texts.size());
    const json& delta = choice.at("delta");
    if (delta.contains("content") && delta["content"].is_string()) texts[index] += delta["content"];
    if (delta.contains("tool_calls")) {
      const json& call = delta["tool_calls"].at(0);
      EXPECT_EQ(call.at("index"), 0);
      if (call.contains("id")) tool_name = call.at("function").at("name");
      tool_arguments += call.at("function").at("arguments");
    }
    if (choice["finish_reason"].is_string()) finish_reasons[index] = choice["finish_reason"];
  }
};

TEST(OpenaiChat, AnswersWithMessageAndUsageThatAddsUp) {
  Answers answers;
  const json body = answers.with("answer-tokens", "20").body(kChat, kPlain);
  EXPECT_EQ(body.at("object"), "chat.completion");
  EXPECT_EQ(body.at("model"), "gpt-4o-mini");
  EXPECT_EQ(body.at("created"), 1700000000);
  const json& choice = body.at("choices").at(0);
  EXPECT_EQ(choice.at("message").at("role"), "assistant");
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_FALSE(choice.at("message").at("content").get<std::string>().empty());
  const json& usage = body.at("usage");
  EXPECT_EQ(usage.at("completion_tokens"), 20);
  EXPECT_EQ(usage.at("total_tokens"),
            usage.at("prompt_tokens").get<int>() + usage.at("completion_tokens").get<int>());
}

TEST(OpenaiChat, StreamSaysTheSameTextAsTheWholeAnswer) {
  Answers answers;
  answers.with("answer-tokens", "50").with("tokens-per-event", "3");
  // The same body apart from "stream" would hash differently, so the plan is streamed by hand.
  AnswerPlan plan = answers.plan(kChat, streaming(kPlain));
  std::string whole;
  put_answer(whole, answers.provider(), plan);
  const ChatStream stream(answers.stream(kChat, streaming(kPlain)));
  EXPECT_TRUE(stream.done);
  const json content = Answers::parsed(whole)["choices"][0]["message"]["content"];
  EXPECT_EQ(stream.texts.at(0), content.get<std::string>());
  EXPECT_EQ(stream.finish_reasons.at(0), "stop");
  EXPECT_EQ(answers.cursor().output_tokens, 50U);
}

TEST(OpenaiChat, StreamTellsUsageOnlyWhenAsked) {
  Answers answers;
  EXPECT_TRUE(ChatStream(answers.stream(kChat, streaming(kPlain))).usage.is_null());
  const std::string asked = streaming(kPlain, R"(,"stream_options":{"include_usage":true})");
  const ChatStream stream(answers.stream(kChat, asked));
  EXPECT_EQ(stream.usage.at("completion_tokens"), 64);
  EXPECT_TRUE(stream.done);
  answers.with("usage", "missing");
  EXPECT_TRUE(ChatStream(answers.stream(kChat, asked)).usage.is_null());
}

TEST(OpenaiChat, OutputLimitCutsAndReasoningCountsFirst) {
  Answers answers;
  answers.with("answer-tokens", "30").with("reasoning-tokens", "10");
  std::string limited(kPlain.substr(0, kPlain.size() - 1));
  const auto with_limit = [&limited](int tokens) {
    return limited + R"(,"max_completion_tokens":)" + std::to_string(tokens) + "}";
  };
  struct Case {
    int limit;
    int completion;
    int reasoning;
    std::string_view reason;
  };
  for (const Case& expected : {Case{40, 40, 10, "stop"}, Case{39, 39, 10, "length"},
                               Case{10, 10, 10, "length"}, Case{5, 5, 5, "length"}}) {
    const json body = answers.body(kChat, with_limit(expected.limit));
    EXPECT_EQ(body["choices"][0]["finish_reason"], expected.reason) << expected.limit;
    EXPECT_EQ(body["usage"]["completion_tokens"], expected.completion);
    EXPECT_EQ(body["usage"]["completion_tokens_details"]["reasoning_tokens"], expected.reasoning);
  }
}

TEST(OpenaiChat, SeveralChoicesAreStreamedInTurn) {
  Answers answers;
  const ChatStream stream(answers.stream(kChat, streaming(kPlain, R"(,"n":3)")));
  ASSERT_EQ(stream.texts.size(), 3U);
  for (const auto& text : stream.texts)
    EXPECT_FALSE(text.empty());
  for (const auto& reason : stream.finish_reasons)
    EXPECT_EQ(reason, "stop");
}

TEST(OpenaiChat, CallsTheToolWithArgumentsThatFitItsSchema) {
  Answers answers;
  const json body = answers.body(kChat, kTools);
  const json& choice = body.at("choices").at(0);
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  EXPECT_TRUE(choice.at("message").at("content").is_null());
  const json& call = choice.at("message").at("tool_calls").at(0);
  EXPECT_EQ(call.at("type"), "function");
  EXPECT_EQ(call.at("function").at("name"), "find");
  const json arguments = Answers::parsed(call.at("function").at("arguments").get<std::string>());
  EXPECT_TRUE(arguments.at("city").is_string());
  EXPECT_TRUE(arguments.at("days").is_number_integer());
  EXPECT_EQ(arguments.at("unit"), "C");

  const ChatStream stream(answers.stream(kChat, streaming(kTools)));
  EXPECT_EQ(stream.tool_name, "find");
  EXPECT_EQ(Answers::parsed(stream.tool_arguments), arguments);
}

TEST(OpenaiChat, ToolIsCalledOnlyWhenAskedForOrToldTo) {
  Answers answers;
  std::string optional(kTools);
  optional.replace(optional.find(R"("tool_choice":"required")"), 24, R"("tool_choice":"auto")");
  EXPECT_TRUE(answers.body(kChat, optional)["choices"][0]["message"]["content"].is_string());
  answers.with("tool", "call");
  EXPECT_TRUE(answers.body(kChat, optional)["choices"][0]["message"].contains("tool_calls"));
  EXPECT_FALSE(answers.body(kChat, kPlain)["choices"][0]["message"].contains("tool_calls"));
  answers.with("tool", "none");
  EXPECT_FALSE(answers.body(kChat, kTools)["choices"][0]["message"].contains("tool_calls"));
}

TEST(OpenaiChat, TextIsExactlyAsManyBytesAsAskedFor) {
  for (const std::string_view bytes : {"0", "1", "1100", "65536", "1000000"}) {
    Answers answers;
    std::string out;
    const AnswerPlan& plan = answers.with("answer-bytes", bytes).plan(kChat, kPlain);
    put_text(out, plan, 0, plan.text.token_count());
    EXPECT_EQ(std::to_string(out.size()), bytes);
    std::string whole;
    put_answer(whole, answers.provider(), plan);
    EXPECT_EQ(Answers::parsed(whole)["usage"]["completion_tokens"], plan.text.token_count());
  }
}

TEST(OpenaiChat, TrickyTextIsStillOneStringPerEvent) {
  Answers answers;
  answers.with("text", "tricky").with("answer-tokens", "400");
  const ChatStream stream(answers.stream(kChat, streaming(kPlain)));
  EXPECT_TRUE(stream.done);
  EXPECT_NE(stream.texts.at(0).find("\"usage\":{\"prompt_tokens\":999999"), std::string::npos);
  EXPECT_NE(stream.texts.at(0).find("data: [DONE]"), std::string::npos);
}

TEST(OpenaiChat, CachedTokensArePartOfThePrompt) {
  Answers answers;
  const json usage = answers.with("cached-share", "0.5").body(kChat, kPlain).at("usage");
  const int prompt = usage.at("prompt_tokens");
  EXPECT_EQ(usage.at("prompt_tokens_details").at("cached_tokens"), prompt / 2);
}

TEST(OpenaiCompletions, StreamAndWholeAnswer) {
  Answers answers;
  constexpr std::string_view kBody = R"({"model":"m","prompt":["a","b"],"n":2})";
  const json body = answers.body("/v1/completions", kBody);
  EXPECT_EQ(body.at("object"), "text_completion");
  EXPECT_EQ(body.at("choices").size(), 4U);
  const auto events = sse_events(answers.stream("/v1/completions", streaming(kBody)));
  EXPECT_EQ(events.back().data, "[DONE]");
  EXPECT_EQ(events.size(), 4U * 64 + 4 + 1);
}

TEST(OpenaiResponses, WholeAnswerHoldsMessageAndUsage) {
  Answers answers;
  const json body =
      answers.with("reasoning-tokens", "7").body("/v1/responses", R"({"model":"m","input":"hi"})");
  EXPECT_EQ(body.at("object"), "response");
  EXPECT_EQ(body.at("status"), "completed");
  EXPECT_EQ(body.at("output").at(0).at("type"), "reasoning");
  EXPECT_EQ(body.at("output").at(1).at("content").at(0).at("type"), "output_text");
  const json& usage = body.at("usage");
  EXPECT_EQ(usage.at("output_tokens"), 71);
  EXPECT_EQ(usage.at("output_tokens_details").at("reasoning_tokens"), 7);
  EXPECT_EQ(usage.at("total_tokens"), usage.at("input_tokens").get<int>() + 71);
}

TEST(OpenaiResponses, StreamNumbersItsEventsAndEndsWithTheResponse) {
  Answers answers;
  const auto events =
      sse_events(answers.stream("/v1/responses", R"({"model":"m","input":"hi","stream":true})"));
  std::string text;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const json data = Answers::parsed(events[i].data);
    EXPECT_EQ(data.at("type"), events[i].event);
    EXPECT_EQ(data.at("sequence_number"), i);
    if (events[i].event == "response.output_text.delta") text += data.at("delta");
  }
  EXPECT_EQ(events.front().event, "response.created");
  EXPECT_EQ(events.back().event, "response.completed");
  const json last = Answers::parsed(events.back().data).at("response");
  EXPECT_EQ(last.at("output").at(0).at("content").at(0).at("text"), text);
  EXPECT_EQ(last.at("usage").at("output_tokens"), 64);
}

TEST(OpenaiResponses, StreamThatHitsTheLimitIsIncomplete) {
  Answers answers;
  const auto events = sse_events(answers.stream(
      "/v1/responses", R"({"model":"m","input":"hi","stream":true,"max_output_tokens":5})"));
  EXPECT_EQ(events.back().event, "response.incomplete");
  const json last = Answers::parsed(events.back().data).at("response");
  EXPECT_EQ(last.at("incomplete_details").at("reason"), "max_output_tokens");
  EXPECT_EQ(last.at("usage").at("output_tokens"), 5);
}

TEST(OpenaiResponses, StreamsAFunctionCall) {
  Answers answers;
  const auto events = sse_events(answers.stream(
      "/v1/responses",
      R"({"model":"m","input":"hi","stream":true,"tool_choice":{"type":"function","name":"b"},)"
      R"("tools":[{"type":"function","name":"a"},{"type":"function","name":"b","parameters":)"
      R"({"type":"object","properties":{"q":{"type":"string"}}}}]})"));
  std::string arguments;
  for (const SseEvent& event : events) {
    if (event.event == "response.function_call_arguments.delta") {
      arguments += Answers::parsed(event.data).at("delta");
    }
  }
  const json item = Answers::parsed(events.back().data).at("response").at("output").at(0);
  EXPECT_EQ(item.at("type"), "function_call");
  EXPECT_EQ(item.at("name"), "b");
  EXPECT_EQ(item.at("arguments"), arguments);
  EXPECT_TRUE(Answers::parsed(arguments).at("q").is_string());
}

TEST(OpenaiEmbeddings, VectorsAsNumbersAndAsBase64) {
  Answers answers;
  const json numbers =
      answers.body("/v1/embeddings", R"({"model":"e","input":["a","b"],"dimensions":8})");
  ASSERT_EQ(numbers.at("data").size(), 2U);
  EXPECT_EQ(numbers["data"][1]["index"], 1);
  EXPECT_EQ(numbers["data"][0]["embedding"].size(), 8U);
  EXPECT_LE(std::abs(numbers["data"][0]["embedding"][0].get<double>()), 1);
  EXPECT_EQ(numbers["usage"]["prompt_tokens"], numbers["usage"]["total_tokens"]);
  const json encoded = answers.body(
      "/v1/embeddings", R"({"model":"e","input":"a","dimensions":8,"encoding_format":"base64"})");
  EXPECT_EQ(encoded["data"][0]["embedding"].get<std::string>().size(), 44U);  // 32 bytes
}

TEST(OpenaiModerations, OneResultAnInput) {
  Answers answers;
  const json body = answers.body("/v1/moderations", R"({"input":["a","b","c"]})");
  EXPECT_EQ(body.at("model"), "omni-moderation-latest");
  ASSERT_EQ(body.at("results").size(), 3U);
  EXPECT_EQ(body["results"][0]["categories"].size(), body["results"][0]["category_scores"].size());
}

TEST(OpenaiModels, ListAndOne) {
  Answers answers;
  const json list = answers.body("/v1/models", "", "", "GET");
  EXPECT_EQ(list.at("object"), "list");
  EXPECT_EQ(list.at("data").at(1).at("id"), "beta");
  EXPECT_EQ(answers.body("/v1/models/org/alpha", "", "", "GET").at("id"), "org/alpha");
}

}  // namespace
}  // namespace headrace::tools::mock

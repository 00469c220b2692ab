#include "policy/cache/answer_fitness.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

struct Row {
  Endpoint endpoint;
  std::string text;
  bool fit;
};

// In one piece, and cut anywhere.
void expect_document(const Row& row) {
  for (const std::size_t piece : {row.text.size(), std::size_t{1}, std::size_t{7}}) {
    UsageScanner scanner(row.endpoint);
    for (std::size_t at = 0; at < row.text.size(); at += piece)
      scanner.feed(std::as_bytes(std::span(std::string_view(row.text).substr(at, piece))));
    EXPECT_EQ(fit_to_keep(row.endpoint, scanner), row.fit) << row.text;
  }
}

void expect_stream(const Row& row) {
  for (const std::size_t piece : {row.text.size(), std::size_t{1}, std::size_t{7}}) {
    StreamMeter meter(row.endpoint, {});
    for (std::size_t at = 0; at < row.text.size(); at += piece) {
      meter.feed(std::as_bytes(std::span(std::string_view(row.text).substr(at, piece))));
      while (meter.next()) {
      }
    }
    meter.finish();
    EXPECT_EQ(fit_to_keep(meter), row.fit) << row.text;
  }
}

std::string data(std::string_view json) {
  return "data: " + std::string(json) + "\n\n";
}

TEST(AnswerFitness, OfDocuments) {
  using enum Endpoint;
  const std::vector<Row> rows = {
      {chat_completions, R"({"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]})",
       true},
      {chat_completions,
       R"({"choices":[{"message":{"content":null,"refusal":null},"finish_reason":"tool_calls"}]})",
       true},
      {chat_completions, R"({"choices":[{"finish_reason":"length"}]})", false},
      {chat_completions, R"({"choices":[{"finish_reason":"content_filter"}]})", false},
      {chat_completions, R"({"choices":[{"finish_reason":"a word of tomorrow"}]})", false},
      {chat_completions, R"({"choices":[{"finish_reason":null}]})", false},
      {chat_completions, R"({"choices":[]})", false},
      {chat_completions, R"({})", false},
      // One of several is enough, wherever it stands.
      {chat_completions,
       R"({"choices":[{"finish_reason":"content_filter"},{"finish_reason":"stop"}]})", false},
      {chat_completions, R"({"choices":[{"finish_reason":"length"},{"finish_reason":"stop"}]})",
       false},
      {chat_completions,
       R"({"choices":[{"message":{"refusal":"I cannot"},"finish_reason":"stop"}]})", false},
      {chat_completions, R"({"choices":[{"finish_reason":"stop"}],"error":{"message":"x"}})",
       false},
      {chat_completions, R"({"choices":[{"finish_reason":"stop"}])", false},  // cut
      {chat_completions, R"({"choices":[{"finish_reason":"stop"}]} x)", false},
      // What the model writes is not what ended it.
      {chat_completions, R"({"choices":[{"message":{"content":"{\"finish_reason\":\"stop\"}"}}]})",
       false},
      {completions, R"({"choices":[{"text":"x","finish_reason":"stop"}]})", true},
      {responses,
       R"({"status":"completed","error":null,"incomplete_details":null,)"
       R"("output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]})",
       true},
      {responses, R"({"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}})",
       false},
      {responses, R"({"status":"incomplete","incomplete_details":{"reason":"content_filter"}})",
       false},
      {responses, R"({"status":"failed","error":{"code":"x"}})", false},
      {responses, R"({"status":"in_progress"})", false},
      {responses,
       R"({"status":"completed","output":[{"content":[{"type":"output_text"}]},)"
       R"({"content":[{"type":"refusal","refusal":"no"}]}]})",
       false},
      {messages, R"({"type":"message","content":[],"stop_reason":"end_turn"})", true},
      {messages, R"({"type":"message","stop_reason":"tool_use"})", true},
      {messages, R"({"type":"message","stop_reason":"max_tokens"})", false},
      {messages, R"({"type":"message","stop_reason":"refusal"})", false},
      {messages, R"({"type":"message","stop_reason":"pause_turn"})", false},
      {messages, R"({"type":"error","error":{"type":"overloaded_error"}})", false},
      {generate_content, R"({"candidates":[{"finishReason":"STOP"}]})", true},
      {generate_content, R"({"candidates":[{"finishReason":"MAX_TOKENS"}]})", false},
      {generate_content, R"({"candidates":[{"finishReason":"SAFETY"}]})", false},
      {generate_content, R"({"promptFeedback":{"blockReason":"OTHER"}})", false},
      {stream_generate_content,
       R"([{"candidates":[{"content":{}}]},{"candidates":[{"finishReason":"STOP"}]}])", true},
      {stream_generate_content, R"([{"candidates":[{"finishReason":"STOP"}]})", false},
      {embeddings, R"({"data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":1}})", true},
      {embeddings, R"({"data":[)", false},
      {embeddings, R"({"error":{"message":"x"}})", false},
      {count_tokens, R"({"input_tokens":14})", true},
      {embed_content, R"({"embedding":{"values":[1]}})", true},
  };
  for (const Row& row : rows)
    expect_document(row);
}

TEST(AnswerFitness, OfStreams) {
  using enum Endpoint;
  const std::string said = data(R"({"choices":[{"delta":{"content":"hi"}}]})");
  const std::string stop = data(R"({"choices":[{"delta":{},"finish_reason":"stop"}]})");
  const std::string done = "data: [DONE]\n\n";
  const auto named = [](std::string_view name, std::string_view json) {
    return "event: " + std::string(name) + "\n" + data(json);
  };
  const std::string opened = named("message_start", R"({"type":"message_start","message":{}})");
  const std::string closed = named("message_stop", R"({"type":"message_stop"})");
  const auto ended = [&](std::string_view reason) {
    return named("message_delta", R"({"type":"message_delta","delta":{"stop_reason":")" +
                                      std::string(reason) + R"("},"usage":{"output_tokens":5}})");
  };
  const std::vector<Row> rows = {
      {chat_completions, said + stop + done, true},
      {chat_completions, said + stop, true},  // some never say [DONE]; the framing was whole
      {chat_completions, said + done, false},
      {chat_completions, said, false},
      {chat_completions, "", false},
      {chat_completions,
       said + data(R"({"choices":[{"delta":{},"finish_reason":"length"}]})") + done, false},
      {chat_completions,
       said + data(R"({"choices":[{"index":1,"finish_reason":"content_filter"}]})") + stop + done,
       false},
      {chat_completions, data(R"({"choices":[{"delta":{"refusal":"no"}}]})") + stop + done, false},
      {chat_completions, said + data(R"({"error":{"message":"x"}})"), false},
      {chat_completions, said + stop + data(R"({"error":{"message":"x"}})") + done, false},
      {messages, opened + ended("end_turn") + closed, true},
      {messages, opened + ended("end_turn"), false},
      {messages, opened + ended("max_tokens") + closed, false},
      {messages, opened + ended("refusal") + closed, false},
      {messages, opened + named("error", R"({"type":"error","error":{"type":"x"}})"), false},
      {responses,
       named("response.completed",
             R"({"type":"response.completed","response":{"status":"completed"}})"),
       true},
      {responses,
       named("response.incomplete",
             R"({"type":"response.incomplete","response":{"status":"incomplete"}})"),
       false},
      {responses,
       named("response.refusal.delta", R"({"type":"response.refusal.delta","delta":"no"})") +
           named("response.completed",
                 R"({"type":"response.completed","response":{"status":"completed"}})"),
       false},
      {responses,
       named("response.completed",
             R"({"type":"response.completed","response":{"status":"completed",)"
             R"("output":[{"content":[{"type":"refusal"}]}]}})"),
       false},
      {stream_generate_content, data(R"({"candidates":[{"finishReason":"STOP"}]})"), true},
      {stream_generate_content, data(R"({"candidates":[{"content":{}}]})"), false},
      {stream_generate_content, data(R"({"candidates":[{"finishReason":"SAFETY"}]})"), false},
  };
  for (const Row& row : rows)
    expect_stream(row);
}

}  // namespace
}  // namespace headrace::policy

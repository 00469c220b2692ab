#include "policy/dialect/cut_event.h"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace headrace::policy {
namespace {

std::string written(Endpoint endpoint, const CutAnswer& answer) {
  std::array<char, kCutEventBytesMax> room;
  return {room.data(), write_cut_event(answer, endpoint, room)};
}

constexpr Endpoint kEndpoints[] = {Endpoint::chat_completions, Endpoint::completions,
                                   Endpoint::responses, Endpoint::messages,
                                   Endpoint::stream_generate_content};

TEST(CutEvent, EndsAsTheProviderWouldAtItsCap) {
  CutAnswer answer;
  answer.model = "m";
  answer.id = "i";
  answer.input_tokens = 3;
  answer.output_tokens = 4;
  EXPECT_TRUE(written(Endpoint::chat_completions, answer)
                  .contains(R"("choices":[{"index":0,"delta":{},"finish_reason":"length"}])"));
  EXPECT_TRUE(written(Endpoint::chat_completions, answer).ends_with("data: [DONE]\n\n"));
  EXPECT_FALSE(written(Endpoint::chat_completions, answer).contains("usage"));
  EXPECT_TRUE(
      written(Endpoint::completions, answer).contains(R"("text":"","finish_reason":"length")"));
  EXPECT_TRUE(written(Endpoint::messages, answer)
                  .starts_with("event: message_delta\ndata: "
                               R"({"type":"message_delta","delta":{"stop_reason":"max_tokens")"));
  answer.open_block = 2;
  EXPECT_TRUE(written(Endpoint::messages, answer)
                  .starts_with("event: content_block_stop\ndata: "
                               R"({"type":"content_block_stop","index":2})"
                               "\n\nevent: message_delta\n"));
  EXPECT_TRUE(written(Endpoint::responses, answer).starts_with("event: response.failed\n"));
  EXPECT_TRUE(written(Endpoint::responses, answer).contains(R"("code":"budget_exhausted")"));
  EXPECT_TRUE(written(Endpoint::stream_generate_content, answer)
                  .contains(R"("finishReason":"MAX_TOKENS")"));
}

TEST(CutEvent, EndsEveryChoiceThatIsOpen) {
  CutAnswer answer;
  answer.choices = 0b1011;
  answer.open_choices = 0b1001;
  for (const Endpoint endpoint : {Endpoint::chat_completions, Endpoint::completions}) {
    const std::string events = written(endpoint, answer);
    EXPECT_TRUE(events.contains(R"("choices":[{"index":0,)"));
    EXPECT_FALSE(events.contains(R"("index":1,)"));
    EXPECT_TRUE(events.contains(R"("choices":[{"index":3,)"));
  }
  EXPECT_TRUE(written(Endpoint::stream_generate_content, answer)
                  .contains(R"({"candidates":[{"finishReason":"MAX_TOKENS","index":0},)"
                            R"({"finishReason":"MAX_TOKENS","index":3}],"usageMetadata")"));
  // Of those that all have ended none ends again.
  answer.open_choices = 0;
  EXPECT_EQ(written(Endpoint::chat_completions, answer), "data: [DONE]\n\n");
  EXPECT_TRUE(written(Endpoint::stream_generate_content, answer)
                  .starts_with(R"(data: {"usageMetadata":{"promptTokenCount":)"));
}

TEST(CutEvent, SaysTheNamesOfItsStream) {
  const CutAnswer answer{
      .model = "m-1", .id = "i-1", .message = {}, .created_seconds = 17, .include_usage = true};
  const std::string chat = written(Endpoint::chat_completions, answer);
  const std::string_view names = R"({"id":"i-1","object":"chat.completion.chunk","created":17,)"
                                 R"("model":"m-1",)";
  EXPECT_TRUE(chat.contains(names));
  EXPECT_NE(chat.find(names), chat.rfind(names));  // the usage chunk's too
  const std::string responses = written(Endpoint::responses, answer);
  EXPECT_TRUE(responses.contains(R"("response":{"id":"i-1","object":"response","created_at":17,)"));
  EXPECT_TRUE(responses.contains(R"("model":"m-1")"));
  EXPECT_TRUE(written(Endpoint::stream_generate_content, answer)
                  .contains(R"("modelVersion":"m-1","responseId":"i-1"})"));
}

TEST(CutEvent, ClosesAnArrayThatHasElementsAndOneThatHasNone) {
  simdjson::dom::parser parser;
  CutAnswer answer;
  answer.form = StreamForm::json_array;
  EXPECT_EQ(parser.parse(written(Endpoint::stream_generate_content, answer)).error(),
            simdjson::SUCCESS);
  answer.has_elements = true;
  EXPECT_EQ(parser.parse("[{}" + written(Endpoint::stream_generate_content, answer)).error(),
            simdjson::SUCCESS);
}

TEST(CutEvent, IsJsonAndFitsWhateverIsInIt) {
  const std::string long_text(1000, '"');
  simdjson::dom::parser parser;
  for (const Endpoint endpoint : kEndpoints) {
    const CutAnswer answer{.model = long_text,
                           .id = long_text,
                           .message = long_text,
                           .created_seconds = 1'800'000'000,
                           .input_tokens = INT64_MAX / 2,
                           .output_tokens = INT64_MAX / 2,
                           .sequence_number = INT64_MAX,
                           .open_block = INT64_MAX,
                           .choices = 0xFFFF,
                           .open_choices = 0xFFFF,
                           .include_usage = true};
    const std::string events = written(endpoint, answer);
    EXPECT_TRUE(events.ends_with("\n\n"));
    for (std::size_t at = events.find("data: {"); at != events.npos;
         at = events.find("data: {", at + 1)) {
      const std::string data = events.substr(at + 6, events.find('\n', at) - at - 6);
      EXPECT_EQ(parser.parse(data).error(), simdjson::SUCCESS) << data;
    }
  }
}

}  // namespace
}  // namespace headrace::policy

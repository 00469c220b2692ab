#include "policy/dialect/stream_meter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/policy/dialect/metered_relay.h"

namespace headrace::policy {
namespace {

using Relay = MeteredRelay;

const std::string kChatStart =
    R"(data: {"id":"c","object":"chat.completion.chunk","model":"m","service_tier":"flex",)"
    R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],)"
    R"("usage":null,"obfuscation":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})"
    "\n\n";
const std::string kChatDelta =
    R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hello \"you\""},)"
    R"("finish_reason":null}],"usage":null})"
    "\n\n";
const std::string kChatStop =
    R"(data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null})"
    "\n\n";
const std::string kChat = kChatStart + kChatDelta + kChatDelta + kChatStop + kChatUsage + kDone;

const std::string kMessages =
    "event: message_start\n"
    R"(data: {"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":25,)"
    R"("cache_read_input_tokens":100,"output_tokens":1,"service_tier":"standard"}}})"
    "\n\nevent: content_block_start\n"
    R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
    "\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\nevent: content_block_delta\n"
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}})"
    "\n\nevent: content_block_delta\n"
    R"(data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta",)"
    R"("partial_json":"{\"usage\":{\"output_tokens\":77}}"}})"
    "\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: message_delta\n"
    R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},)"
    R"("usage":{"output_tokens":15}})"
    "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

const std::string kResponses =
    "event: response.created\n"
    R"(data: {"type":"response.created","sequence_number":0,"response":{"id":"r",)"
    R"("status":"in_progress","error":null,"usage":null}})"
    "\n\nevent: response.output_text.delta\n"
    R"(data: {"type":"response.output_text.delta","sequence_number":1,"delta":"Hello"})"
    "\n\nevent: response.audio.delta\n"
    R"(data: {"type":"response.audio.delta","sequence_number":2,"delta":"AAAAAAAAAAAA"})"
    "\n\nevent: response.completed\n"
    R"(data: {"type":"response.completed","sequence_number":3,"response":{"id":"r",)"
    R"("status":"completed","error":null,"service_tier":"default","usage":{"input_tokens":37,)"
    R"("input_tokens_details":{"cached_tokens":0},"output_tokens":11,)"
    R"("output_tokens_details":{"reasoning_tokens":3},"total_tokens":48},)"
    R"("metadata":{"usage":"x"}}})"
    "\n\n";

const std::string kGemini =
    R"(data: {"candidates":[{"content":{"parts":[{"text":"Hel"}]}}],"usageMetadata":)"
    R"({"promptTokenCount":4,"totalTokenCount":4}})"
    "\r\n\r\n"
    R"(data: {"candidates":[{"content":{"parts":[{"text":"lo"}]},"finishReason":"STOP"}],)"
    R"("usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":30,)"
    R"("totalTokenCount":36}})"
    "\r\n\r\n";

TEST(StreamMeter, ForwardsEveryByteInOrderWhateverTheSlices) {
  const std::vector<std::pair<Endpoint, std::string>> streams = {
      {Endpoint::chat_completions, kChat},
      {Endpoint::messages, kMessages},
      {Endpoint::responses, kResponses},
      {Endpoint::stream_generate_content, kGemini},
      {Endpoint::chat_completions, "data: no json\n\n: x\n\ndata: [1\n\ndata: [DO\n\n\r\r"},
  };
  for (const auto& [endpoint, stream] : streams) {
    for (const std::size_t size : kSliceSizes) {
      Relay relay(endpoint);
      relay.pass(stream, size);
      EXPECT_EQ(relay.sent, stream) << size;
      EXPECT_EQ(relay.held, "");
      EXPECT_TRUE(relay.meter.forwarded_whole_events());
    }
  }
}

TEST(StreamMeter, ASliceOfWholeEventsIsOnePiece) {
  Relay relay(Endpoint::chat_completions);
  relay.pass(kChat);
  EXPECT_EQ(relay.pieces, 1U);
}

TEST(StreamMeter, MetersChat) {
  for (const std::size_t size : kSliceSizes) {
    Relay relay(Endpoint::chat_completions);
    relay.pass(kChat, size);
    const Usage usage = relay.meter.usage();
    EXPECT_EQ(usage.source, UsageSource::provider);
    EXPECT_EQ(usage.in_fresh, 5);
    EXPECT_EQ(usage.in_cache_read, 4);
    EXPECT_EQ(usage.out_text, 12);
    EXPECT_EQ(usage.service_tier.view(), "flex");
    EXPECT_EQ(relay.meter.end(), StreamEnd::completed);
    EXPECT_EQ(relay.meter.finish_reason(), FinishReason::stop);
    EXPECT_EQ(relay.meter.events(), 6U);
    EXPECT_EQ(relay.meter.output_events(), 2U);
    EXPECT_EQ(relay.meter.output_bytes(), 2 * std::string_view(R"(Hello \"you\")").size());
  }
}

TEST(StreamMeter, CountsItselfWhereTheLastWordIsNoCount) {
  Relay relay(Endpoint::chat_completions);
  relay.pass(
      "data: {\"choices\":[{\"delta\":{\"content\":\"Hello there\"}}]}\n\n"
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3.0}}\n\n"
      "data: [DONE]\n\n");
  const Usage usage = relay.meter.usage();
  EXPECT_EQ(usage.source, UsageSource::estimated);
  EXPECT_EQ(usage.in_fresh, 5);
  EXPECT_GT(usage.out_text, 0);
}

TEST(StreamMeter, StripsTheUsageChunkThatTheClientDidNotAskFor) {
  for (const std::size_t size : kSliceSizes) {
    Relay relay(Endpoint::chat_completions, {.strip_usage_chunk = true});
    relay.pass(kChat, size);
    EXPECT_EQ(relay.sent, kChatStart + kChatDelta + kChatDelta + kChatStop + kDone) << size;
    EXPECT_EQ(relay.meter.usage().out_text, 12);
    EXPECT_EQ(relay.meter.end(), StreamEnd::completed);
  }
}

TEST(StreamMeter, StripsNothingElse) {
  // Chunks without choices (content filter results of some providers), usage beside choices, usage
  // inside text.
  const std::string stream =
      "data: {\"choices\":[],\"prompt_filter_results\":[{}]}\n\n"
      "data: {\"choices\":[],\"usage\":null}\n\n"
      "data: {\"usage\":{\"prompt_tokens\":1}}\n\n"
      "data: {\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":1}}\n\n"
      "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"choices\\\":[],\\\"usage\\\":{}\"}}]}\n\n"
      "data: {\"x\":{\"choices\":[],\"usage\":{}}}\n\n"
      ": {\"choices\":[],\"usage\":{}}\n\n"
      "event: {\"choices\":[],\"usage\":{}}\n\n"
      "data: {\"choices\":[],\"usage\":{}\n\n";
  for (const std::size_t size : kSliceSizes) {
    Relay relay(Endpoint::chat_completions, {.strip_usage_chunk = true});
    relay.pass(stream, size);
    EXPECT_EQ(relay.sent, stream) << size;
  }
}

TEST(StreamMeter, MetersMessagesByTheLastCountOnly) {
  for (const std::size_t size : kSliceSizes) {
    Relay relay(Endpoint::messages);
    relay.pass(kMessages, size);
    const Usage usage = relay.meter.usage();
    EXPECT_EQ(usage.source, UsageSource::provider);
    EXPECT_EQ(usage.in_fresh, 25);
    EXPECT_EQ(usage.in_cache_read, 100);
    EXPECT_EQ(usage.out_text, 15);
    EXPECT_EQ(usage.service_tier.view(), "standard");
    EXPECT_EQ(relay.meter.end(), StreamEnd::completed);
    EXPECT_EQ(relay.meter.finish_reason(), FinishReason::stop);
    EXPECT_EQ(relay.meter.output_events(), 2U);
  }
}

TEST(StreamMeter, MetersResponses) {
  for (const std::size_t size : kSliceSizes) {
    Relay relay(Endpoint::responses);
    relay.pass(kResponses, size);
    const Usage usage = relay.meter.usage();
    EXPECT_EQ(usage.source, UsageSource::provider);
    EXPECT_EQ(usage.in_fresh, 37);
    EXPECT_EQ(usage.out_text, 8);
    EXPECT_EQ(usage.out_reasoning, 3);
    EXPECT_EQ(relay.meter.end(), StreamEnd::completed);
    EXPECT_EQ(relay.meter.finish_reason(), FinishReason::stop);
    EXPECT_EQ(relay.meter.output_bytes(), 5U);
    EXPECT_EQ(relay.meter.next_sequence_number(), 4);
  }
}

TEST(StreamMeter, MetersGemini) {
  for (const std::size_t size : kSliceSizes) {
    Relay relay(Endpoint::stream_generate_content);
    relay.pass(kGemini, size);
    const Usage usage = relay.meter.usage();
    EXPECT_EQ(usage.source, UsageSource::provider);
    EXPECT_EQ(usage.in_fresh, 4);
    EXPECT_EQ(usage.out_text, 2);
    EXPECT_EQ(usage.out_reasoning, 30);
    EXPECT_EQ(relay.meter.end(), StreamEnd::open);
    EXPECT_TRUE(relay.meter.may_end_here());
  }
}

TEST(StreamMeter, EstimatesWhatACutStreamUsed) {
  // Chat: no word about the input; the output by what passed.
  Relay chat(Endpoint::chat_completions);
  chat.pass(kChatStart + kChatDelta + kChatDelta);
  EXPECT_EQ(chat.meter.usage().source, UsageSource::estimated);
  EXPECT_EQ(chat.meter.usage().in_total(), 0);
  EXPECT_EQ(chat.meter.usage().out_text, 7);  // 26 bytes
  EXPECT_FALSE(chat.meter.may_end_here());

  // Anthropic: the input is known, the output's placeholder is not taken for the output.
  Relay messages(Endpoint::messages);
  messages.pass(kMessages.substr(0, kMessages.find("event: message_delta")));
  EXPECT_EQ(messages.meter.usage().source, UsageSource::estimated);
  EXPECT_EQ(messages.meter.usage().in_total(), 125);
  EXPECT_EQ(messages.meter.usage().out_text, 9);  // 36 bytes
  EXPECT_FALSE(messages.meter.may_end_here());

  EXPECT_EQ(messages.meter.open_block(), -1);
  Relay amid_a_block(Endpoint::messages);
  amid_a_block.pass(kMessages.substr(0, kMessages.find("event: content_block_stop")));
  EXPECT_EQ(amid_a_block.meter.open_block(), 0);

  // Gemini: the last count came before the end.
  Relay gemini(Endpoint::stream_generate_content);
  gemini.pass(kGemini.substr(0, kGemini.find("\r\n\r\n") + 4));
  EXPECT_EQ(gemini.meter.usage().source, UsageSource::estimated);
  EXPECT_EQ(gemini.meter.usage().in_total(), 4);
  EXPECT_EQ(gemini.meter.usage().out_text, 1);
  EXPECT_EQ(gemini.meter.output_tokens_said(), 0);
  gemini.pass(kGemini.substr(kGemini.find("\r\n\r\n") + 4));
  EXPECT_EQ(gemini.meter.output_tokens_said(), 32);

  Relay nothing(Endpoint::responses);
  nothing.pass(": nothing yet\n\n");
  EXPECT_EQ(nothing.meter.usage().source, UsageSource::none);
}

TEST(StreamMeter, TakesACountSoFarForAnEstimateUntilTheEnd) {
  // Some providers add the usage so far to every chunk.
  const std::string so_far =
      "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],"
      "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n";
  const std::string last =
      "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}],"
      "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
  Relay relay(Endpoint::chat_completions);
  relay.pass(so_far);
  EXPECT_EQ(relay.meter.usage().source, UsageSource::estimated);
  EXPECT_EQ(relay.meter.usage().in_fresh, 3);
  relay.pass(last);
  EXPECT_EQ(relay.meter.usage().source, UsageSource::provider);
  EXPECT_EQ(relay.meter.usage().out_text, 2);
  EXPECT_EQ(relay.meter.finish_reason(), FinishReason::length);
}

TEST(StreamMeter, TellsHowLargeAnEventIsThatHasNotEnded) {
  const auto feed = [](StreamMeter& meter, std::string_view text) {
    meter.feed(std::as_bytes(std::span(text)));
    while (meter.next()) {
    }
    return meter.open_event_bytes();
  };
  StreamMeter events(Endpoint::chat_completions, {});
  EXPECT_EQ(events.open_event_bytes(), 0U);
  EXPECT_EQ(feed(events, "data: {}\n\n"), 0U);
  EXPECT_EQ(feed(events, "data: 1"), 7U);
  const std::string much(10'000, '1');
  EXPECT_EQ(feed(events, much), 10'007U);
  EXPECT_EQ(feed(events, "\ndata: " + much), 20'014U);
  EXPECT_EQ(feed(events, "\n\ndata: 1\n\ndata"), 4U);
  EXPECT_EQ(feed(events, ": 1\n\n"), 0U);

  StreamMeter array(Endpoint::stream_generate_content, {.form = StreamForm::json_array});
  EXPECT_EQ(feed(array, "[{}"), 0U);
  EXPECT_EQ(feed(array, ",{\"a\":\""), 7U);
  EXPECT_EQ(feed(array, much), 10'007U);
  EXPECT_EQ(feed(array, "\"}"), 0U);
}

TEST(StreamMeter, SeesErrorsInsideTheStream) {
  for (const auto& [endpoint, event] : std::vector<std::pair<Endpoint, std::string>>{
           {Endpoint::chat_completions, "data: {\"error\":{\"message\":\"x\"}}\n\n"},
           {Endpoint::chat_completions, "data: {\"error\":\"x\"}\n\n"},
           {Endpoint::messages,
            "event: error\ndata: "
            "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n"},
           {Endpoint::responses, "event: error\ndata: {\"type\":\"error\",\"code\":\"x\"}\n\n"},
           {Endpoint::responses,
            "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"x\"}}}\n\n"},
           {Endpoint::stream_generate_content, "data: {\"error\":{\"code\":503}}\n\n"}}) {
    Relay relay(endpoint);
    relay.pass(event, 3);
    EXPECT_EQ(relay.meter.end(), StreamEnd::failed) << event;
    EXPECT_EQ(relay.meter.finish_reason(), FinishReason::failed);
    EXPECT_EQ(relay.sent, event);
  }
  Relay relay(Endpoint::chat_completions);
  relay.pass(
      "data: {\"error\":null,\"choices\":[{\"delta\":{\"content\":\"\\\"error\\\":{}\"}}]}\n\n");
  EXPECT_EQ(relay.meter.end(), StreamEnd::open);
}

}  // namespace
}  // namespace headrace::policy

// How the meter of a stream takes events apart: cut, large, alike, and their end.
#include <string>

#include <gtest/gtest.h>

#include "tests/policy/dialect/metered_relay.h"

namespace headrace::policy {
namespace {

using Relay = MeteredRelay;

const std::string kWords =
    R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hello"}}],"usage":null})"
    "\n\n";

TEST(StreamMeter, ReadsAnEventOfSeveralDataLines) {
  const std::string event =
      "data\ndata: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":5,\r\ndata\r\ndata:"
      "\"completion_tokens\":6}}\n\n";
  for (const std::size_t size : kSliceSizes) {
    Relay relay(Endpoint::chat_completions, {.strip_usage_chunk = true});
    relay.pass(event, size);
    EXPECT_EQ(relay.meter.usage().out_text, 6) << size;
    EXPECT_EQ(relay.sent, "");
  }
}

TEST(StreamMeter, CountsEventsThatAreLikeEarlierOnesTheSame) {
  // Whole events take the short way, events in pieces the long one.
  const auto delta = [](std::string_view text, std::string_view padding) {
    return "data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"" + std::string(text) +
           "\"},\"finish_reason\":null}],\"obfuscation\":\"" + std::string(padding) +
           "\",\"stamp\":\"" + std::to_string(text.size()) + "\"}\n\n";
  };
  std::string stream;
  for (const std::string_view text :
       {"Hello", "", "a \\\"b\\\"", "\\n", "\\\"usage\\\":{}", "end"}) {
    stream += delta(text, stream.size() % 2 == 0 ? "" : "xyz");
  }
  // Not like them, though most bytes are.
  stream += delta(
      "x\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7},\"x\":[{\"y\":{\"z\":\"",
      "");
  stream += delta("after", "q");
  Relay whole(Endpoint::chat_completions);
  whole.pass(stream);
  Relay pieces(Endpoint::chat_completions);
  pieces.pass(stream, 11);
  for (const Relay* relay : {&whole, &pieces}) {
    EXPECT_EQ(relay->sent, stream);
    EXPECT_EQ(relay->meter.events(), 8U);
    EXPECT_EQ(relay->meter.output_events(), 7U);
    EXPECT_EQ(relay->meter.output_bytes(), pieces.meter.output_bytes());
    EXPECT_EQ(relay->meter.finish_reason(), FinishReason::stop);
    EXPECT_EQ(relay->meter.raw().get(RawField::prompt_tokens), 7);
  }
}

TEST(StreamMeter, FollowsTheSequenceOfLikeEvents) {
  std::string stream;
  for (int i = 5; i < 12; ++i) {
    stream +=
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\","
        "\"sequence_number\":" +
        std::to_string(i) + ",\"delta\":\"ab\"}\n\n";
  }
  Relay relay(Endpoint::responses);
  relay.pass(stream);
  EXPECT_EQ(relay.meter.next_sequence_number(), 12);
  EXPECT_EQ(relay.meter.output_bytes(), 14U);
}

// One that has not ended is held, and an event of ours comes in its place.
TEST(StreamMeter, CountsASequenceFromTheLastWholeEvent) {
  Relay relay(Endpoint::responses);
  const std::string second =
      R"(data: {"type":"response.output_text.delta","sequence_number":8,"delta":"x"})";
  relay.pass(R"(data: {"type":"response.output_text.delta","sequence_number":7,"delta":"x"})"
             "\n\n" +
             second);
  EXPECT_EQ(relay.meter.next_sequence_number(), 8);
  relay.pass("\n\n");
  EXPECT_EQ(relay.meter.next_sequence_number(), 9);
}

TEST(StreamMeter, HoldsACutEventUpToItsBound) {
  const std::string event = "data: {\"x\":\"" + std::string(86, 'y') + "\"}\n\n";
  ASSERT_EQ(event.size(), 102U);
  // All of it but the last byte.
  for (const std::uint32_t bound : {101U, 100U}) {
    Relay relay(Endpoint::chat_completions, {.held_bytes_max = bound});
    relay.pass(kDone + event.substr(0, 50), 64);
    EXPECT_EQ(relay.sent, kDone);
    EXPECT_TRUE(relay.meter.forwarded_whole_events());
    relay.pass(event.substr(50, 51), 10);
    EXPECT_EQ(relay.meter.forwarded_whole_events(), bound == 101);
    EXPECT_EQ(relay.sent == kDone, bound == 101);
    relay.pass(event.substr(101));
    EXPECT_EQ(relay.sent, kDone + event);
    EXPECT_TRUE(relay.meter.forwarded_whole_events());
    EXPECT_LE(relay.held_most, bound);
  }
}

TEST(StreamMeter, MetersAnEventLargerThanAllBuffers) {
  const std::string instructions(300000, 'i');
  const std::string stream =
      "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":"
      "{\"status\":\"completed\",\"instructions\":\"" +
      instructions + "\",\"usage\":{\"input_tokens\":70000,\"output_tokens\":3}}}\n\n";
  for (const std::size_t size : {1000U, 4096U, 65536U}) {
    Relay relay(Endpoint::responses);
    relay.pass(stream, size);
    EXPECT_EQ(relay.sent, stream);
    EXPECT_EQ(relay.meter.usage().in_fresh, 70000);
    EXPECT_LE(relay.held_most, 4096U);
  }
}

TEST(StreamMeter, HoldsNothingWhenToldSo) {
  Relay relay(Endpoint::chat_completions, {.held_bytes_max = 0});
  const std::string stream = kWords + kChatUsage + kDone;
  relay.pass(stream, 10);
  EXPECT_EQ(relay.sent, stream);
  EXPECT_EQ(relay.held_most, 0U);
  EXPECT_EQ(relay.meter.usage().out_text, 12);
}

TEST(StreamMeter, TakesALastEventWithoutItsEmptyLine) {
  Relay relay(Endpoint::chat_completions);
  relay.pass(kChatUsage + "data: [DONE]");
  EXPECT_EQ(relay.meter.end(), StreamEnd::open);
  relay.meter.finish();
  EXPECT_EQ(relay.meter.end(), StreamEnd::completed);
  EXPECT_EQ(relay.held, "data: [DONE]");
  Relay usage(Endpoint::chat_completions);
  usage.pass(kChatUsage.substr(0, kChatUsage.size() - 2), 9);
  usage.meter.finish();
  EXPECT_EQ(usage.meter.usage().source, UsageSource::provider);
}

TEST(StreamMeter, KnowsTheEndFromWhatLooksLikeIt) {
  for (const std::string data :
       {"[DONE", "[DON]", " [DONE]x", "\"[DONE]\"", "{\"x\":\"[DONE]\"}"}) {
    Relay relay(Endpoint::chat_completions);
    relay.pass("data:" + data + "\n\n", 2);
    EXPECT_EQ(relay.meter.end(), data == " [DONE]x" ? StreamEnd::completed : StreamEnd::open)
        << data;
  }
}

}  // namespace
}  // namespace headrace::policy

// Gemini's stream as one JSON array (StreamForm::json_array).
#include <array>
#include <string>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "policy/dialect/cut_event.h"
#include "tests/policy/dialect/metered_relay.h"

namespace headrace::policy {
namespace {

const std::string kFirst =
    R"({"candidates":[{"content":{"parts":[{"text":"Hel"}]},"index":0}],"usageMetadata":)"
    R"({"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"g-1","responseId":"r-1"})";
const std::string kLast =
    R"({"candidates":[{"content":{"parts":[{"text":"lo ]} \""}]},"finishReason":"STOP","index":0}],)"
    R"("usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":30,)"
    R"("totalTokenCount":36},"modelVersion":"g-1","responseId":"r-1"})";
const std::string kArray = "[" + kFirst + "\n,\r\n" + kLast + "\n]\n";

struct Relay : MeteredRelay {
  explicit Relay(std::uint32_t held_bytes_max = 4096)
      : MeteredRelay(Endpoint::stream_generate_content,
                     {.held_bytes_max = held_bytes_max, .form = StreamForm::json_array}) {}

  // What the client has when the stream is cut here.
  [[nodiscard]] std::string cut() const {
    std::array<char, kCutEventBytesMax> room;
    const std::size_t bytes =
        write_cut_event(cut_answer_of(meter), Endpoint::stream_generate_content, room);
    return sent + std::string(room.data(), bytes);
  }
};

TEST(StreamMeterOfAnArray, MetersItsElementsAndForwardsEveryByte) {
  for (const std::size_t bytes : kSliceSizes) {
    Relay relay;
    relay.pass(kArray, bytes);
    relay.meter.finish();
    EXPECT_EQ(relay.sent, kArray) << bytes;
    EXPECT_EQ(relay.meter.events(), 2U);
    EXPECT_EQ(relay.meter.output_events(), 2U);
    EXPECT_EQ(relay.meter.end(), StreamEnd::completed);
    EXPECT_EQ(relay.meter.finish_reason(), FinishReason::stop);
    EXPECT_EQ(relay.meter.usage().source, UsageSource::provider);
    EXPECT_EQ(relay.meter.usage().in_total(), 4);
    EXPECT_EQ(relay.meter.usage().out_total(), 32);
    EXPECT_EQ(relay.meter.unfinished().id(), "r-1");
  }
}

TEST(StreamMeterOfAnArray, MayEndWithItsBracketOnly) {
  Relay relay;
  relay.pass("[" + kLast, 1 << 20);
  EXPECT_EQ(relay.meter.finish_reason(), FinishReason::stop);
  EXPECT_FALSE(relay.meter.may_end_here());
  relay.pass("]", 1);
  EXPECT_TRUE(relay.meter.may_end_here());
}

TEST(StreamMeterOfAnArray, ClosedByUsAnywhereItIsJson) {
  simdjson::dom::parser parser;
  for (std::size_t end = 0; end < kArray.rfind(']'); ++end) {
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{50}, std::size_t{1} << 20}) {
      Relay relay;
      relay.pass(kArray.substr(0, end), bytes);
      ASSERT_TRUE(relay.meter.forwarded_whole_events());
      const std::string text = relay.cut();
      simdjson::dom::array elements;
      ASSERT_EQ(parser.parse(text).get(elements), simdjson::SUCCESS) << text;
      ASSERT_EQ(elements.size(), relay.meter.events() + 1) << text;
      const auto reason = elements.at(elements.size() - 1)["candidates"].at(0)["finishReason"];
      // Behind its last element its only candidate has ended, and does not again.
      const bool has_ended = text.contains("STOP");
      EXPECT_EQ(reason.error(), has_ended ? simdjson::NO_SUCH_FIELD : simdjson::SUCCESS);
      if (has_ended) continue;
      EXPECT_EQ(reason.get_string().value_unsafe(), "MAX_TOKENS");
    }
  }
}

TEST(StreamMeterOfAnArray, ForwardsAWordThatEndsWithItsSlice) {
  Relay relay;
  relay.pass("[17, [", 1);
  EXPECT_EQ(relay.sent, "[17");
  EXPECT_EQ(relay.held, ", [");
}

TEST(StreamMeterOfAnArray, SaysWhenAPartOfAnElementHasGone) {
  Relay relay(16);
  relay.pass("[" + kFirst.substr(0, 60), 10);
  EXPECT_FALSE(relay.meter.forwarded_whole_events());
  relay.pass(kFirst.substr(60), 10);
  EXPECT_TRUE(relay.meter.forwarded_whole_events());
  EXPECT_EQ(relay.sent, "[" + kFirst);
}

TEST(StreamMeterOfAnArray, TakesAWholeAnswerInItsPlace) {
  for (const std::size_t bytes : kSliceSizes) {
    Relay relay(64);
    relay.pass(kLast, bytes);
    EXPECT_FALSE(relay.meter.may_end_here());
    relay.meter.finish();
    EXPECT_EQ(relay.sent + relay.held, kLast);
    EXPECT_EQ(relay.meter.usage().source, UsageSource::provider);
    EXPECT_EQ(relay.meter.usage().out_total(), 32);
    EXPECT_EQ(relay.meter.end(), StreamEnd::completed);
  }
}

TEST(StreamMeterOfAnArray, SeesAnErrorAmongItsElements) {
  Relay relay;
  relay.pass("[" + kFirst + R"(,{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}])", 9);
  EXPECT_EQ(relay.meter.end(), StreamEnd::failed);
}

}  // namespace
}  // namespace headrace::policy

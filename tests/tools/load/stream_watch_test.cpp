#include "tools/load/stream_watch.h"

#include <string>

#include <gtest/gtest.h>

#include "net/http/text.h"

namespace headrace::tools::load {
namespace {

StreamWatch::Seen feed(StreamWatch& watch, std::string_view text) {
  return watch.feed(net::http::as_bytes(text));
}

TEST(StreamWatch, CountsEventsAndThoseThatCarryTokens) {
  struct Case {
    std::string_view stream;
    unsigned events;
    unsigned token_events;
    bool end;
    bool error;
  };
  for (const Case& expected : {
           Case{"data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
                "data: {\"choices\":[{\"delta\":{\"content\":\" a\"}}]}\n\n"
                "data: {\"choices\":[{\"delta\":{}}]}\n\ndata: [DONE]\n\n",
                4, 1, true, false},
           Case{"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":"
                "{\"arguments\":\"{\"}}]}}]}\r\n\r\n",
                1, 1, false, false},
           Case{"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":"
                "{\"type\":\"text_delta\",\"text\":\"x\"}}\n\nevent: message_stop\n"
                "data: {\"type\":\"message_stop\"}\n\n",
                2, 1, true, false},
           Case{"event: response.output_text.delta\ndata: "
                "{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}\n\n"
                "event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n",
                2, 1, true, false},
           Case{"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]},"
                "\"finishReason\":\"STOP\"}]}\r\n\r\n",
                1, 1, true, false},
           Case{": keep-alive\n\ndata: {\"error\":{\"message\":\"no\"}}\n\n", 1, 0, false, true},
           Case{"event: error\ndata: {\"type\":\"error\"}\n\n", 1, 0, false, true},
           Case{"data: {\"choices\":[{\"delta\":{\"content\":\"cut", 0, 0, false, false},
       }) {
    StreamWatch watch;
    const auto seen = feed(watch, expected.stream);
    EXPECT_EQ(seen.events, expected.events) << expected.stream;
    EXPECT_EQ(seen.token_events, expected.token_events) << expected.stream;
    EXPECT_EQ(watch.told_end(), expected.end) << expected.stream;
    EXPECT_EQ(watch.told_error(), expected.error) << expected.stream;
  }
}

TEST(StreamWatch, EventsCutBetweenSlicesCountOnce) {
  const std::string stream =
      "data: {\"choices\":[{\"delta\":{\"content\":\" a\"}}]}\r\n\r\n"
      "data: {\"choices\":[{\"delta\":{\"content\":\" b\"}}]}\r\n\r\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    StreamWatch watch;
    const auto first = feed(watch, std::string_view(stream).substr(0, cut));
    const auto second = feed(watch, std::string_view(stream).substr(cut));
    EXPECT_EQ(first.events + second.events, 2U) << cut;
  }
}

}  // namespace
}  // namespace headrace::tools::load

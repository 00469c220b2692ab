#include "tools/load/response_reader.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "net/http/text.h"

namespace headrace::tools::load {
namespace {

namespace http = net::http;

struct Outcome {
  ResponsePart last = ResponsePart::need_more;
  int status = 0;
  std::string body;
  bool keep_alive = false;
  std::size_t left = 0;  // bytes not taken
  bool operator==(const Outcome&) const = default;
};

// Feeds `wire` in pieces of `piece` bytes, then the end of the stream.
Outcome read(std::string_view wire, std::size_t piece, http::Method method = http::Method::post) {
  const auto scratch = std::make_unique<http::ResponseHead>();
  ResponseReader reader(*scratch);
  reader.expect(method);
  Outcome outcome;
  while (!wire.empty()) {
    const auto slice = wire.substr(0, piece);
    wire.remove_prefix(slice.size());
    auto input = http::as_bytes(slice);
    for (;;) {
      outcome.last = reader.feed(input);
      if (outcome.last == ResponsePart::head) outcome.status = reader.status();
      if (outcome.last == ResponsePart::data) outcome.body += http::as_text(reader.data());
      if (outcome.last == ResponsePart::need_more) break;
      if (outcome.last == ResponsePart::complete || outcome.last == ResponsePart::bad) {
        outcome.left = input.size() + wire.size();
        outcome.keep_alive = reader.keep_alive();
        return outcome;
      }
    }
  }
  if (reader.end_of_stream()) outcome.last = ResponsePart::complete;
  outcome.keep_alive = reader.keep_alive();
  return outcome;
}

TEST(ResponseReader, ReadsEveryFramingHoweverItIsCut) {
  struct Case {
    std::string_view wire;
    http::Method method;
    Outcome outcome;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
       http::Method::post,
       {ResponsePart::complete, 200, "hello", true, 0}},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
       http::Method::post,
       {ResponsePart::complete, 200, "hello", true, 0}},
      {"HTTP/1.1 429 Slow\r\nConnection: close\r\n\r\nhello",
       http::Method::post,
       {ResponsePart::complete, 429, "hello", false, 0}},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
       http::Method::head,
       {ResponsePart::complete, 200, "", true, 0}},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\n"
       "HTTP/1.1 204 None\r\n\r\n",
       http::Method::post,
       {ResponsePart::complete, 204, "", true, 0}},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
       http::Method::post,
       {ResponsePart::need_more, 200, "hello", true, 0}},
  };
  for (const Case& expected : cases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, expected.wire.size()}) {
      EXPECT_EQ(read(expected.wire, piece, expected.method), expected.outcome)
          << expected.wire << " by " << piece;
    }
  }
}

TEST(ResponseReader, LeavesWhatFollowsAndRefusesWhatIsNoHttp) {
  const Outcome two = read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 ", 100);
  EXPECT_EQ(two.last, ResponsePart::complete);
  EXPECT_EQ(two.left, 9U);
  EXPECT_EQ(read("hello there\r\n\r\n", 100).last, ResponsePart::bad);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 100).last,
            ResponsePart::bad);
}

}  // namespace
}  // namespace headrace::tools::load

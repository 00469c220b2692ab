#include "net/http/response_head.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/net/http/feeding.h"

namespace headrace::net::http {
namespace {

using test::feed;
using test::Reading;
using test::ResponseFeeder;

using namespace std::string_literals;

class Parsed {
 public:
  explicit Parsed(std::string text, Method method = Method::post) : text_(std::move(text)) {
    EXPECT_EQ(feed(ResponseFeeder{{}, method}, text_).status, HeadStatus::complete) << text_;
    HeadScan scan;
    result = parse_response_head(text_, HeadLimits{}, method, head, scan);
  }
  ResponseHead head;
  HeadResult result;

 private:
  std::string text_;
};

ParseError error_of(std::string_view text, Method method = Method::post) {
  const Reading reading = feed(ResponseFeeder{{}, method}, text);
  EXPECT_NE(reading.status, HeadStatus::incomplete) << text;
  return reading.error;
}

std::string ok(std::string_view lines) {
  return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n";
}

TEST(ResponseHead, ReadsAnOrdinaryAnswer) {
  const std::string text =
      "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n"
      "retry-after: 7\r\nContent-Length: 12\r\n\r\n";
  const Parsed parsed(text + "{}");
  EXPECT_EQ(parsed.result.consumed, text.size());
  EXPECT_EQ(parsed.head.status, 429);
  EXPECT_EQ(parsed.head.reason, "Too Many Requests");
  EXPECT_EQ(parsed.head.framing, BodyFraming::length);
  EXPECT_EQ(parsed.head.content_length, 12U);
  EXPECT_TRUE(parsed.head.has_content_length);
  EXPECT_TRUE(parsed.head.keep_alive);
  EXPECT_FALSE(parsed.head.interim());
  EXPECT_EQ(parsed.head.fields.value(FieldId::retry_after), "7");
}

TEST(ResponseHead, ReadsReasonsOfEveryKind) {
  EXPECT_EQ(Parsed("HTTP/1.1 200 \r\n\r\n").head.reason, "");
  EXPECT_EQ(Parsed("HTTP/1.1 200\r\n\r\n").head.reason, "");
  EXPECT_EQ(Parsed("HTTP/1.1 200  two  words\r\n\r\n").head.reason, " two  words");
  EXPECT_EQ(Parsed("HTTP/1.1 599 caf\xc3\xa9\r\n\r\n").head.reason, "caf\xc3\xa9");
}

TEST(ResponseHead, RefusesMalformedStatusLines) {
  const std::vector<std::pair<std::string, ParseError>> rows = {
      {"HTTP/1.1 20 OK\r\n\r\n", ParseError::status_code},
      {"HTTP/1.1 2000 OK\r\n\r\n", ParseError::status_line},
      {"HTTP/1.1 2x0 OK\r\n\r\n", ParseError::status_code},
      {"HTTP/1.1 -20 OK\r\n\r\n", ParseError::status_code},
      {"HTTP/1.1 099 OK\r\n\r\n", ParseError::status_code},
      {"HTTP/1.1 600 OK\r\n\r\n", ParseError::status_code},
      {"HTTP/1.1 999 OK\r\n\r\n", ParseError::status_code},
      {"HTTP/1.1  200 OK\r\n\r\n", ParseError::status_code},
      {"HTTP/1.1 200OK\r\n\r\n", ParseError::status_line},
      {"HTTP/1.1\t200 OK\r\n\r\n", ParseError::status_line},
      {"HTTP/1.1 200\tOK\r\n\r\n", ParseError::status_line},
      {"HTTP/1.1\r\n\r\n", ParseError::status_line},
      {"HTTP/1.1 \r\n\r\n", ParseError::status_line},
      {"HTTP/1. 200 OK\r\n\r\n", ParseError::version_syntax},
      {"HTTP/1\r\n\r\n", ParseError::version_syntax},
      {"HTTP/1.2 200 OK\r\n\r\n", ParseError::version_unsupported},
      {"HTTP/2.0 200 OK\r\n\r\n", ParseError::version_unsupported},
      {"HTTP/0.9 200 OK\r\n\r\n", ParseError::version_unsupported},
      {"HTTP/1.1 200 OK\nA: b\n\n", ParseError::bare_lf},
      {"HTTP/1.1 200 OK\rX\r\n\r\n", ParseError::bare_cr},
      {"HTTP/1.1 200 O\0K\r\n\r\n"s, ParseError::control_character},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", ParseError::status_line},
      {"http/1.1 200 OK\r\n\r\n", ParseError::status_line},
      {"ICY 200 OK\r\n\r\n", ParseError::status_line},
  };
  for (const auto& [text, error] : rows)
    EXPECT_EQ(error_of(text), error) << text;
}

TEST(ResponseHead, RefusesAnHttp09AnswerAtItsFirstByte) {
  EXPECT_EQ(error_of("<html>no head at all"), ParseError::status_line);
  EXPECT_EQ(error_of("{"), ParseError::status_line);
  EXPECT_EQ(error_of("HTTQ"), ParseError::status_line);
  EXPECT_EQ(feed(ResponseFeeder{}, "HTTP").status, HeadStatus::incomplete);
}

TEST(ResponseHead, RefusesSwitchingProtocols) {
  EXPECT_EQ(error_of("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: upgrade\r\n\r\n"),
            ParseError::switching_protocols);
}

TEST(ResponseHead, KnowsInterimAnswers) {
  const std::string first = "HTTP/1.1 100 Continue\r\n\r\n";
  const Parsed parsed(first + ok(""));
  EXPECT_TRUE(parsed.head.interim());
  EXPECT_EQ(parsed.head.framing, BodyFraming::none);
  EXPECT_TRUE(parsed.head.keep_alive);
  EXPECT_EQ(parsed.result.consumed, first.size());
  EXPECT_TRUE(Parsed("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").head.interim());
}

TEST(ResponseHead, FindsTheEndOfEveryKindOfBody) {
  struct Row {
    std::string text;
    Method method;
    BodyFraming framing;
    bool keep_alive;
  };
  const std::string length = "Content-Length: 5\r\n";
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::vector<Row> rows = {
      {ok(length), Method::get, BodyFraming::length, true},
      {ok("Content-Length: 0\r\n"), Method::get, BodyFraming::length, true},
      {ok(chunked), Method::get, BodyFraming::chunked, true},
      {ok(chunked + "Connection: close\r\n"), Method::get, BodyFraming::chunked, false},
      {ok(""), Method::get, BodyFraming::until_close, false},
      {ok("Connection: keep-alive\r\n"), Method::get, BodyFraming::until_close, false},
      {"HTTP/1.0 200 OK\r\n\r\n", Method::get, BodyFraming::until_close, false},
      {"HTTP/1.0 200 OK\r\n" + length + "\r\n", Method::get, BodyFraming::length, false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + length + "\r\n", Method::get,
       BodyFraming::length, true},
      {ok(length), Method::head, BodyFraming::none, true},
      {ok(chunked), Method::head, BodyFraming::none, true},
      {ok(""), Method::head, BodyFraming::none, true},
      {"HTTP/1.1 204 No Content\r\n\r\n", Method::post, BodyFraming::none, true},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", Method::post, BodyFraming::none,
       true},
      {"HTTP/1.1 304 Not Modified\r\n" + length + "\r\n", Method::get, BodyFraming::none, true},
      {"HTTP/1.1 304 Not Modified\r\n" + chunked + "\r\n", Method::get, BodyFraming::none, true},
      {"HTTP/1.1 205 Reset Content\r\n" + length + "\r\n", Method::get, BodyFraming::length, true},
  };
  for (const Row& row : rows) {
    const Parsed parsed(row.text, row.method);
    EXPECT_EQ(parsed.head.framing, row.framing) << row.text;
    EXPECT_EQ(parsed.head.keep_alive, row.keep_alive) << row.text;
  }
  const Parsed head_answer(ok(length), Method::head);
  EXPECT_TRUE(head_answer.head.has_content_length);
  EXPECT_EQ(head_answer.head.content_length, 5U);
}

TEST(ResponseHead, RefusesAmbiguousOrForbiddenFraming) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::vector<std::pair<std::string, ParseError>> rows = {
      {ok(chunked + "Content-Length: 5\r\n"), ParseError::length_and_transfer_encoding},
      {ok("Content-Length: 5\r\nContent-Length: 5\r\n"), ParseError::content_length_repeated},
      {ok("Content-Length: 5, 5\r\n"), ParseError::content_length_invalid},
      {ok("Content-Length: 18446744073709551621\r\n"), ParseError::content_length_invalid},
      {ok("Content-Length:\r\n"), ParseError::content_length_invalid},
      {ok("Transfer-Encoding: gzip\r\n"), ParseError::transfer_encoding_invalid},
      {ok("Transfer-Encoding: gzip, chunked\r\n"), ParseError::transfer_encoding_unsupported},
      {ok("Transfer-Encoding: chunked, identity\r\n"), ParseError::transfer_encoding_invalid},
      {ok(chunked + chunked), ParseError::transfer_encoding_repeated},
      {"HTTP/1.0 200 OK\r\n" + chunked + "\r\n", ParseError::transfer_encoding_in_http_1_0},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
       ParseError::content_length_forbidden},
      {"HTTP/1.1 204 No Content\r\n" + chunked + "\r\n", ParseError::transfer_encoding_forbidden},
      {"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n", ParseError::content_length_forbidden},
      {"HTTP/1.1 100 Continue\r\n" + chunked + "\r\n", ParseError::transfer_encoding_forbidden},
  };
  for (const auto& [text, error] : rows)
    EXPECT_EQ(error_of(text), error) << text;
  // An answer to HEAD describes a body that is not there, but must not contradict itself.
  EXPECT_EQ(error_of(ok(chunked + "Content-Length: 5\r\n"), Method::head),
            ParseError::length_and_transfer_encoding);
}

TEST(ResponseHead, RefusesMalformedFields) {
  const std::vector<std::pair<std::string, ParseError>> rows = {
      {ok("A : b\r\n"), ParseError::field_space_before_colon},
      {ok("A: b\r\n c\r\n"), ParseError::field_folded},
      {ok(" A: b\r\n"), ParseError::field_folded},
      {ok(": b\r\n"), ParseError::field_name},
      {ok("no colon\r\n"), ParseError::field_name},
      {ok("nocolon\r\n"), ParseError::field_colon_missing},
      {ok("A: b\0c\r\n"s), ParseError::control_character},
      {ok("A: b\rc\r\n"), ParseError::bare_cr},
      {ok("A: b\nc: d\r\n"), ParseError::bare_lf},
      {ok("Content-Type: a\r\nContent-Type: a\r\n"), ParseError::field_repeated},
  };
  for (const auto& [text, error] : rows)
    EXPECT_EQ(error_of(text), error) << text;
  EXPECT_EQ(error_of(ok("Cache_Control: x\r\n")), ParseError::none);
}

}  // namespace
}  // namespace headrace::net::http

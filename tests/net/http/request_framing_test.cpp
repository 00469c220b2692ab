// How a request is framed, and what it wants of its connection.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/http/request_head.h"
#include "tests/net/http/request_heads.h"

namespace headrace::net::http {
namespace {

using namespace std::string_literals;

TEST(RequestHead, RefusesAmbiguousFraming) {
  expect_errors({
      {post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
       ParseError::length_and_transfer_encoding},
      {post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
       ParseError::length_and_transfer_encoding},
      {post("Content-Length: 5\r\nContent-Length: 6\r\n"), ParseError::content_length_repeated},
      {post("Content-Length: 5\r\nContent-Length: 5\r\n"), ParseError::content_length_repeated},
      {post("Content-Length: 5\r\ncontent-length: 5\r\n"), ParseError::content_length_repeated},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       ParseError::transfer_encoding_repeated},
      {post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
       ParseError::transfer_encoding_repeated},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
       ParseError::transfer_encoding_in_http_1_0},
      {"POST / HTTP/1.0\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       ParseError::length_and_transfer_encoding},
  });
}

TEST(RequestHead, TakesOnlyPlainDecimalLengths) {
  for (const char* value :
       {"", "+5", "-5", "5 5", "5,5", "5, 5", "0x5", "5a", "a5", "5.0", "1e3", "\"5\"",
        "9223372036854775808", "18446744073709551615", "18446744073709551616",
        "18446744073709551621", "99999999999999999999", "00000000000000000005"}) {
    EXPECT_EQ(error_of(post("Content-Length: "s + value + "\r\n")),
              ParseError::content_length_invalid)
        << value;
  }
  const std::vector<std::pair<std::string, std::uint64_t>> good = {
      {"0", 0},
      {"5", 5},
      {"005", 5},
      {"0000000000000000005", 5},
      {"9223372036854775807", 9223372036854775807U}};
  for (const auto& [value, length] : good) {
    const Parsed parsed(post("Content-Length: " + value + "\r\n"));
    EXPECT_EQ(parsed.head.framing, BodyFraming::length);
    EXPECT_EQ(parsed.head.content_length, length);
  }
}

TEST(RequestHead, TakesOnlyChunkedAloneAsTransferCoding) {
  const std::vector<std::pair<std::string, ParseError>> rows = {
      {"", ParseError::transfer_encoding_invalid},
      {"identity", ParseError::transfer_encoding_invalid},
      {"gzip", ParseError::transfer_encoding_invalid},
      {"chunked, gzip", ParseError::transfer_encoding_invalid},
      {"chunked, chunked", ParseError::transfer_encoding_invalid},
      {"chunked,", ParseError::transfer_encoding_invalid},
      {",chunked", ParseError::transfer_encoding_invalid},
      {"xchunked", ParseError::transfer_encoding_invalid},
      {"chunkedx", ParseError::transfer_encoding_invalid},
      {"chunked;q=1", ParseError::transfer_encoding_invalid},
      {"\"chunked\"", ParseError::transfer_encoding_invalid},
      {"chunked chunked", ParseError::transfer_encoding_invalid},
      {"chunked\tx", ParseError::transfer_encoding_invalid},
      {"\x0b"
       "chunked",
       ParseError::control_character},
      {"gzip, chunked", ParseError::transfer_encoding_unsupported},
      {"gzip,deflate ,\tchunked", ParseError::transfer_encoding_unsupported},
  };
  for (const auto& [value, error] : rows) {
    EXPECT_EQ(error_of(post("Transfer-Encoding: " + value + "\r\n")), error) << value;
  }
  EXPECT_EQ(describe(ParseError::transfer_encoding_unsupported).status, 501);
  EXPECT_EQ(Parsed(post("Transfer-Encoding:chunked\r\n")).head.framing, BodyFraming::chunked);
  EXPECT_EQ(Parsed(post("transfer-encoding: CHUNKED \r\n")).head.framing, BodyFraming::chunked);
}

TEST(RequestHead, RefusesRepeatedCredentialsAndContentTypes) {
  for (const char* name : {"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key",
                           "X-Headrace-Key", "Content-Type"}) {
    EXPECT_EQ(error_of(post(name + ": a\r\n"s + name + ": a\r\n")), ParseError::field_repeated)
        << name;
  }
  EXPECT_EQ(Parsed(post("Accept: a\r\nAccept: b\r\n")).head.fields.value(FieldId::accept), "a");
}

TEST(RequestHead, DecidesOnKeepAliveByVersionAndConnection) {
  const auto keep_alive = [](const char* version, const std::string& lines) {
    return Parsed("GET / "s + version + "\r\nHost: a\r\n" + lines + "\r\n").head.keep_alive;
  };
  EXPECT_TRUE(keep_alive("HTTP/1.1", ""));
  EXPECT_TRUE(keep_alive("HTTP/1.1", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: keep-alive, close\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.1", "Connection: keep-alive\r\nConnection: x,,close\r\n"));
  EXPECT_TRUE(keep_alive("HTTP/1.1", "Connection: close-not\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.0", ""));
  EXPECT_TRUE(keep_alive("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keep_alive("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestHead, MarksTheFieldsThatConnectionNames) {
  const Parsed parsed(
      post("X-Secret: 1\r\nConnection: x-secret, Authorization\r\nAuthorization: Bearer b\r\n"
           "X-SECRET: 2\r\nX-Other: 3\r\n"));
  for (const Field& field : parsed.head.fields) {
    const bool named = field.value == "1" || field.value == "2" || field.value == "Bearer b";
    EXPECT_EQ(field.named_by_connection, named) << field.name;
  }
}

TEST(RequestHead, BoundsAndChecksConnectionOptions) {
  const auto options = [](std::size_t count) {
    std::string value = "a";
    for (std::size_t i = 1; i < count; ++i)
      value += ",a";
    return post("Connection: " + value + "\r\n");
  };
  EXPECT_EQ(error_of(options(kConnectionOptionsMax)), ParseError::none);
  EXPECT_EQ(error_of(options(kConnectionOptionsMax + 1)), ParseError::connection_options);
  EXPECT_EQ(error_of(post("Connection: " + std::string(kConnectionOptionsMax, ',') + "\r\n")),
            ParseError::connection_options);
  EXPECT_EQ(error_of(post("Connection: a b\r\n")), ParseError::connection_options);
  EXPECT_EQ(error_of(post("Connection: \"close\"\r\n")), ParseError::connection_options);
  EXPECT_EQ(error_of(post("Connection:\r\n")), ParseError::none);
}

TEST(RequestHead, KnowsExpectationsAndRefusesOthers) {
  EXPECT_TRUE(Parsed(post("Content-Length: 1\r\nExpect: 100-Continue\r\n")).head.expect_continue);
  EXPECT_TRUE(
      Parsed(post("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n")).head.expect_continue);
  EXPECT_FALSE(Parsed(post("Content-Length: 0\r\nExpect: 100-continue\r\n")).head.expect_continue);
  EXPECT_FALSE(Parsed(post("Expect: 100-continue\r\n")).head.expect_continue);
  EXPECT_FALSE(Parsed("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
                   .head.expect_continue);
  EXPECT_EQ(error_of(post("Expect: 200-ok\r\n")), ParseError::expectation);
  EXPECT_EQ(error_of(post("Expect:\r\n")), ParseError::expectation);
  EXPECT_EQ(describe(ParseError::expectation).status, 417);
}

TEST(RequestHead, SeesAnUpgradeThatConnectionNames) {
  EXPECT_TRUE(Parsed(post("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                          "HTTP2-Settings: AAA\r\n"))
                  .head.wants_upgrade);
  EXPECT_FALSE(Parsed(post("Upgrade: websocket\r\n")).head.wants_upgrade);
  EXPECT_FALSE(Parsed(post("Connection: upgrade\r\n")).head.wants_upgrade);
}

}  // namespace
}  // namespace headrace::net::http

#include "net/http/request_head.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/net/http/feeding.h"

namespace headrace::net::http {
namespace {

using test::feed;
using test::Reading;
using test::RequestFeeder;

using namespace std::string_literals;

// A whole request head with these lines between the request line and the empty line.
std::string post(std::string_view lines) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.example\r\n" + std::string(lines) +
         "\r\n";
}

ParseError error_of(std::string_view text) {
  const Reading reading = feed(RequestFeeder{}, text);
  EXPECT_NE(reading.status, HeadStatus::incomplete) << text;
  return reading.error;
}

// Parses a good head that stays in place while it is looked at.
class Parsed {
 public:
  explicit Parsed(std::string text) : text_(std::move(text)) {
    EXPECT_EQ(feed(RequestFeeder{}, text_).status, HeadStatus::complete) << text_;
    HeadScan scan;
    result = parse_request_head(text_, HeadLimits{}, head, scan);
  }
  RequestHead head;
  HeadResult result;

 private:
  std::string text_;
};

struct Row {
  std::string text;
  ParseError error;
};

void expect_errors(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const ParseError error = error_of(row.text);
    EXPECT_EQ(error, row.error) << describe(error).message << " for:\n" << row.text;
  }
}

TEST(RequestHead, ReadsAnOrdinaryChatRequest) {
  const std::string text =
      "POST /v1/chat/completions?beta=true HTTP/1.1\r\n"
      "Host: api.example.com:8443\r\n"
      "User-Agent: OpenAI/Python 1.51.0\r\n"
      "Authorization:  Bearer sk-1 \t\r\n"
      "Content-Type: application/json\r\n"
      "X-Stainless-Lang:\r\n"
      "Content-Length: 42\r\n\r\n";
  const Parsed parsed(text + "{\"model\"");
  const RequestHead& head = parsed.head;
  EXPECT_EQ(parsed.result.consumed, text.size());
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.method_text, "POST");
  EXPECT_EQ(head.version, Version::http_1_1);
  EXPECT_EQ(head.target.text, "/v1/chat/completions?beta=true");
  EXPECT_EQ(head.path(), "/v1/chat/completions");
  EXPECT_EQ(head.query(), "beta=true");
  EXPECT_EQ(head.host, "api.example.com:8443");
  EXPECT_EQ(head.framing, BodyFraming::length);
  EXPECT_EQ(head.content_length, 42U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_FALSE(head.wants_upgrade);
  EXPECT_EQ(head.fields.size(), 6U);
  EXPECT_EQ(head.fields.value(FieldId::authorization), "Bearer sk-1");
  ASSERT_NE(head.fields.find("x-stainless-lang"), nullptr);
  EXPECT_EQ(head.fields.find("x-stainless-lang")->value, "");
  EXPECT_EQ(head.fields.find("x-stainless"), nullptr);
  EXPECT_EQ(head.fields.find(FieldId::cookie), nullptr);
}

TEST(RequestHead, ReadsAReusedHeadWithoutTraceOfTheOneBefore) {
  RequestHead head;
  HeadScan scan;
  const std::string first = post("Content-Length: 5\r\nConnection: close\r\nX-Api-Key: k\r\n");
  ASSERT_EQ(parse_request_head(first, HeadLimits{}, head, scan).status, HeadStatus::complete);
  scan = {};
  const std::string second = "GET / HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_EQ(parse_request_head(second, HeadLimits{}, head, scan).status, HeadStatus::complete);
  EXPECT_EQ(head.framing, BodyFraming::none);
  EXPECT_EQ(head.content_length, 0U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.fields.size(), 1U);
  EXPECT_FALSE(head.fields.has(FieldId::x_api_key));
  EXPECT_EQ(head.fields.value(FieldId::connection), "");
}

TEST(RequestHead, LeavesThePipelinedNextRequestAlone) {
  const std::string first = post("");
  const std::string both = first + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
  const Parsed parsed(both);
  EXPECT_EQ(parsed.result.consumed, first.size());
  EXPECT_EQ(feed(RequestFeeder{}, std::string_view(both).substr(first.size())).status,
            HeadStatus::complete);
}

TEST(RequestHead, WaitsForTheEndOfTheHead) {
  const std::string text = post("A: b\r\n");
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(feed(RequestFeeder{}, std::string_view(text).substr(0, size)).status,
              HeadStatus::incomplete)
        << size;
  }
}

TEST(RequestHead, SkipsOneEmptyLineBeforeTheRequestLine) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const Parsed parsed("\r\n" + text);
  EXPECT_EQ(parsed.result.consumed, text.size() + 2);
  EXPECT_EQ(parsed.head.method_text, "GET");
  EXPECT_EQ(error_of("\r\n\r\n" + text), ParseError::request_line);
}

TEST(RequestHead, RefusesMalformedRequestLines) {
  const std::string rest = "\r\nHost: a\r\n\r\n";
  expect_errors({
      {"GET /" + rest, ParseError::request_line},
      {"GET" + rest, ParseError::request_line},
      {"GET  / HTTP/1.1" + rest, ParseError::request_line},
      {"GET /  HTTP/1.1" + rest, ParseError::version_syntax},
      {"GET / HTTP/1.1 " + rest, ParseError::version_syntax},
      {"GET /a b HTTP/1.1" + rest, ParseError::version_syntax},
      {" GET / HTTP/1.1" + rest, ParseError::method},
      {"GET\t/ HTTP/1.1" + rest, ParseError::request_line},
      {"GE(T / HTTP/1.1" + rest, ParseError::method},
      {"GET: / HTTP/1.1" + rest, ParseError::method},
      {"GET / http/1.1" + rest, ParseError::version_syntax},
      {"GET / HTTP/1" + rest, ParseError::version_syntax},
      {"GET / HTTP/1.10" + rest, ParseError::version_syntax},
      {"GET / HTTP/11" + rest, ParseError::version_syntax},
      {"GET / HTTP/01.1" + rest, ParseError::version_syntax},
      {"GET / HTTPS/1.1" + rest, ParseError::version_syntax},
      {"GET / HTTP/1.2" + rest, ParseError::version_unsupported},
      {"GET / HTTP/0.9" + rest, ParseError::version_unsupported},
      {"GET / HTTP/2.0" + rest, ParseError::version_unsupported},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ParseError::version_unsupported},
  });
}

TEST(RequestHead, RefusesConnectAndTraceAndKnowsOtherMethods) {
  expect_errors({
      {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", ParseError::method_not_allowed},
      {"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", ParseError::method_not_allowed},
      {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", ParseError::method_not_allowed},
  });
  EXPECT_EQ(describe(ParseError::method_not_allowed).status, 405);
  const std::vector<std::pair<std::string, Method>> methods = {
      {"GET", Method::get},         {"HEAD", Method::head},   {"POST", Method::post},
      {"PUT", Method::put},         {"PATCH", Method::patch}, {"DELETE", Method::delete_},
      {"OPTIONS", Method::options}, {"get", Method::other},   {"PROPFIND", Method::other}};
  for (const auto& [text, method] : methods) {
    EXPECT_EQ(Parsed(text + " / HTTP/1.1\r\nHost: a\r\n\r\n").head.method, method) << text;
  }
}

TEST(RequestHead, RefusesLinesThatDoNotEndInCrLf) {
  expect_errors({
      {"GET / HTTP/1.1\nHost: a\n\n", ParseError::bare_lf},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", ParseError::bare_lf},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", ParseError::bare_lf},
      {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", ParseError::bare_lf},
      {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", ParseError::bare_cr},
      {"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", ParseError::bare_cr},
      {"GET / HTTP/1.1\rHost: a\r\n\r\n", ParseError::bare_cr},
      {"GET / HTTP/1.1\r\nHost: a\r\n\rX", ParseError::bare_cr},
      {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", ParseError::bare_cr},
  });
}

TEST(RequestHead, RefusesControlCharactersEverywhere) {
  for (int value = 0; value < 0x80; ++value) {
    const char c = static_cast<char>(value);
    const bool control = (value < 0x20 && c != '\t' && c != '\r' && c != '\n') || value == 0x7f;
    if (!control) continue;
    expect_errors({
        {post("X-A: b"s + c + "c\r\n"), ParseError::control_character},
        {post("X-"s + c + "A: b\r\n"), ParseError::control_character},
        {"GET /a"s + c + " HTTP/1.1\r\nHost: a\r\n\r\n", ParseError::control_character},
        {c + "GET / HTTP/1.1\r\nHost: a\r\n\r\n"s, ParseError::control_character},
    });
  }
  EXPECT_EQ(Parsed(post("X-A: b\tc\r\n")).head.fields.find("x-a")->value, "b\tc");
  EXPECT_EQ(Parsed(post("X-A: caf\xc3\xa9 \x80\xff\r\n")).head.fields.find("x-a")->value,
            "caf\xc3\xa9 \x80\xff");
}

TEST(RequestHead, RefusesATlsHandshakeAtItsFirstByte) {
  EXPECT_EQ(error_of("\x16"), ParseError::control_character);
}

TEST(RequestHead, RefusesMalformedFieldLines) {
  expect_errors({
      {post("X-A : b\r\n"), ParseError::field_space_before_colon},
      {post("X-A\t: b\r\n"), ParseError::field_space_before_colon},
      {post("Content-Length : 5\r\n"), ParseError::field_space_before_colon},
      {post("X-A: b\r\n c\r\n"), ParseError::field_folded},
      {post("X-A: b\r\n\tc\r\n"), ParseError::field_folded},
      {post("X-A: b\r\n \r\n"), ParseError::field_folded},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", ParseError::field_folded},
      {"GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", ParseError::field_folded},
      {post(": b\r\n"), ParseError::field_name},
      {post(":\r\n"), ParseError::field_name},
      {post("X A: b\r\n"), ParseError::field_name},
      {post("X@A: b\r\n"), ParseError::field_name},
      {post("X(A): b\r\n"), ParseError::field_name},
      {post("X\xc3\xa9: b\r\n"), ParseError::field_name},
      {post("\"X\": b\r\n"), ParseError::field_name},
      {post("X-A\r\n"), ParseError::field_colon_missing},
      {post("GET / HTTP/1.1\r\n"), ParseError::field_name},
  });
}

TEST(RequestHead, TakesEveryTokenCharacterInANameAndNoOther) {
  const std::string_view allowed =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int value = 0x21; value < 0x100; ++value) {
    const char c = static_cast<char>(value);
    if (c == ':' || value == 0x7f) continue;
    const Reading reading = feed(RequestFeeder{}, post("X"s + c + "Y: z\r\n"));
    const bool token = allowed.find(c) != std::string_view::npos;
    EXPECT_EQ(reading.error, token ? ParseError::none : ParseError::field_name) << value;
  }
}

TEST(RequestHead, RefusesNamesDisguisedByUnderscores) {
  expect_errors({
      {post("Content_Length: 5\r\n"), ParseError::field_name_disguised},
      {post("transfer_encoding: chunked\r\n"), ParseError::field_name_disguised},
      {post("X_API-Key: k\r\n"), ParseError::field_name_disguised},
      {post("x_forwarded_for: 127.0.0.1\r\n"), ParseError::field_name_disguised},
  });
  EXPECT_TRUE(Parsed(post("my_own_field: 1\r\n_: 2\r\n")).head.keep_alive);
}

TEST(RequestHead, NeedsExactlyOneValidHost) {
  const std::string get = "GET / HTTP/1.1\r\n";
  expect_errors({
      {get + "\r\n", ParseError::host_missing},
      {get + "X: y\r\n\r\n", ParseError::host_missing},
      {get + "Host: a\r\nHost: a\r\n\r\n", ParseError::host_repeated},
      {get + "Host: a\r\nhOST: b\r\n\r\n", ParseError::host_repeated},
      {get + "Host:\r\n\r\n", ParseError::host_invalid},
      {get + "Host: a b\r\n\r\n", ParseError::host_invalid},
      {get + "Host: a, b\r\n\r\n", ParseError::host_invalid},
      {get + "Host: a/x\r\n\r\n", ParseError::host_invalid},
      {get + "Host: a?x=/\r\n\r\n", ParseError::host_invalid},
      {get + "Host: a#x\r\n\r\n", ParseError::host_invalid},
      {get + "Host: user@a\r\n\r\n", ParseError::host_invalid},
      {get + "Host: http://a\r\n\r\n", ParseError::host_invalid},
      {get + "Host: a:b\r\n\r\n", ParseError::host_invalid},
      {get + "Host: caf\xc3\xa9\r\n\r\n", ParseError::host_invalid},
  });
  EXPECT_EQ(Parsed(get + "Host: [::1]:80\r\n\r\n").head.host, "[::1]:80");
}

TEST(RequestHead, TakesHttp10WithoutHost) {
  const Parsed parsed("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(parsed.head.version, Version::http_1_0);
  EXPECT_EQ(parsed.head.host, "");
  EXPECT_EQ(error_of("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), ParseError::host_repeated);
  EXPECT_EQ(error_of("GET / HTTP/1.0\r\nHost: a b\r\n\r\n"), ParseError::host_invalid);
}

TEST(RequestHead, TakesAnAbsoluteTargetThatAgreesWithHost) {
  const Parsed parsed("GET http://A.example:81/v1/models?x HTTP/1.1\r\nHost: a.example:81\r\n\r\n");
  EXPECT_EQ(parsed.head.path(), "/v1/models");
  EXPECT_EQ(parsed.head.query(), "x");
  EXPECT_EQ(parsed.head.host, "a.example:81");
  EXPECT_EQ(Parsed("GET http://a/ HTTP/1.0\r\n\r\n").head.host, "a");
  expect_errors({
      {"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", ParseError::target_host_mismatch},
      {"GET http://a/ HTTP/1.1\r\n\r\n", ParseError::host_missing},
  });
}

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

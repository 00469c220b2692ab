#include "net/http/request_head.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/net/http/feeding.h"
#include "tests/net/http/request_heads.h"

namespace headrace::net::http {
namespace {

using test::feed;
using test::Reading;
using test::RequestFeeder;

using namespace std::string_literals;

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
  // Directly before a line feed, wherever a block of those that are looked at together ends.
  for (std::size_t before = 0; before < 64; ++before) {
    expect_errors(
        {{post("X-A: " + std::string(before, 'b') + "\x0f\n"), ParseError::control_character}});
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

}  // namespace
}  // namespace headrace::net::http

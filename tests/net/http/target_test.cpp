#include "net/http/target.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::net::http {
namespace {

using namespace std::string_literals;

ParseError error_of(std::string_view text, Method method = Method::post) {
  Target target;
  return parse_target(method, text, target);
}

TEST(Target, SplitsOriginForm) {
  struct Row {
    std::string text, path, query;
    bool has_query;
  };
  const std::vector<Row> rows = {
      {"/", "/", "", false},
      {"/v1/models/", "/v1/models/", "", false},
      {"/v1/x?a=1&b=2", "/v1/x", "a=1&b=2", true},
      {"/v1/x?", "/v1/x", "", true},
      {"/v1/x?a/../?", "/v1/x", "a/../?", true},
      {"/v1beta/models/g:streamGenerateContent?alt=sse", "/v1beta/models/g:streamGenerateContent",
       "alt=sse", true},
      {"/a/b%20c/%C3%A9/%e2%82%ac/%F0%9F%98%80", "/a/b%20c/%C3%A9/%e2%82%ac/%F0%9F%98%80", "",
       false},
      {"/v1/models/ft%3Agpt@x!$&'()*+,=~_-", "/v1/models/ft%3Agpt@x!$&'()*+,=~_-", "", false},
      {"/...", "/...", "", false},
      {"/.well-known/a..b/..c/d.", "/.well-known/a..b/..c/d.", "", false},
      {"/x?include[]=a&q=%00a", "", "", false},
  };
  for (const Row& row : rows) {
    Target target;
    const ParseError error = parse_target(Method::get, row.text, target);
    if (row.path.empty()) {
      EXPECT_NE(error, ParseError::none) << row.text;
      continue;
    }
    EXPECT_EQ(error, ParseError::none) << row.text << ": " << describe(error).message;
    EXPECT_EQ(target.form, TargetForm::origin);
    EXPECT_EQ(target.text, row.text);
    EXPECT_EQ(target.path, row.path);
    EXPECT_EQ(target.query, row.query);
    EXPECT_EQ(target.has_query, row.has_query) << row.text;
  }
}

TEST(Target, RefusesPathsThatTwoServersReadDifferently) {
  const std::vector<std::pair<std::string, ParseError>> rows = {
      {"/a/../b", ParseError::path_dot_segment},
      {"/a/./b", ParseError::path_dot_segment},
      {"/..", ParseError::path_dot_segment},
      {"/.", ParseError::path_dot_segment},
      {"/a/..", ParseError::path_dot_segment},
      {"/a/.?x", ParseError::path_dot_segment},
      {"/../", ParseError::path_dot_segment},
      {"//", ParseError::path_empty_segment},
      {"//evil.example/x", ParseError::path_empty_segment},
      {"/a//b", ParseError::path_empty_segment},
      {"/a//", ParseError::path_empty_segment},
      {"/a\\b", ParseError::target_character},
      {"/a;b", ParseError::target_character},
      {"/..;/b", ParseError::target_character},
      {"/a%2fb", ParseError::path_encoded_character},
      {"/a%2Fb", ParseError::path_encoded_character},
      {"/a%5cb", ParseError::path_encoded_character},
      {"/a%5Cb", ParseError::path_encoded_character},
      {"/a/%2e%2e/b", ParseError::path_encoded_character},
      {"/a/.%2E/b", ParseError::path_encoded_character},
      {"/a/%2e", ParseError::path_encoded_character},
      {"/%61dmin", ParseError::path_encoded_character},
      {"/v%31", ParseError::path_encoded_character},
      {"/a%7Eb", ParseError::path_encoded_character},
      {"/a%2Db%5f", ParseError::path_encoded_character},
      {"/a%252fb", ParseError::path_encoded_character},
      {"/a%3bb", ParseError::path_encoded_character},
      {"/a%3fb", ParseError::path_encoded_character},
      {"/a%23b", ParseError::path_encoded_character},
      {"/a%00", ParseError::path_encoded_character},
      {"/a%0d%0aX:", ParseError::path_encoded_character},
      {"/a%1F", ParseError::path_encoded_character},
      {"/a%7f", ParseError::path_encoded_character},
      {"/a%", ParseError::target_percent_encoding},
      {"/a%2", ParseError::target_percent_encoding},
      {"/a%g0", ParseError::target_percent_encoding},
      {"/a%0g", ParseError::target_percent_encoding},
      {"/a%u002f", ParseError::target_percent_encoding},
      {"/a%c0%af", ParseError::target_percent_encoding},
      {"/a%e0%80%af", ParseError::target_percent_encoding},
      {"/a%e0%9f%bf", ParseError::target_percent_encoding},
      {"/a%f0%8f%bf%bf", ParseError::target_percent_encoding},
      {"/a%f4%90%80%80", ParseError::target_percent_encoding},
      {"/a%f5%80%80%80", ParseError::target_percent_encoding},
      {"/a%ed%a0%80", ParseError::target_percent_encoding},
      {"/a%c3", ParseError::target_percent_encoding},
      {"/a%c3%", ParseError::target_percent_encoding},
      {"/a%c3A9", ParseError::target_percent_encoding},
      {"/a%c3/%a9", ParseError::target_percent_encoding},
      {"/a%80", ParseError::target_percent_encoding},
      {"/a%ff", ParseError::target_percent_encoding},
      {"/a#b", ParseError::target_fragment},
      {"/a?b#c", ParseError::target_fragment},
      {"/a\"b", ParseError::target_character},
      {"/a<b>", ParseError::target_character},
      {"/a^b", ParseError::target_character},
      {"/a`b", ParseError::target_character},
      {"/a{b}", ParseError::target_character},
      {"/a|b", ParseError::target_character},
      {"/a[b]", ParseError::target_character},
      {"/caf\xc3\xa9", ParseError::target_character},
      {"/a\tb", ParseError::target_character},
      {"/a\0b"s, ParseError::target_character},
  };
  for (const auto& [text, error] : rows) {
    EXPECT_EQ(error_of(text), error) << text << ": " << describe(error_of(text)).message;
  }
}

TEST(Target, JudgesQueriesCharacterByCharacter) {
  const std::string_view allowed =
      "!$&'()*+,-./:;=?@[]_~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const ParseError expected = allowed.find(c) != std::string_view::npos ? ParseError::none
                                : c == '#' ? ParseError::target_fragment
                                : c == '%' ? ParseError::target_percent_encoding
                                           : ParseError::target_character;
    EXPECT_EQ(error_of("/?x"s + c), expected) << value;
  }
  EXPECT_EQ(error_of("/?q=%0A%2F%2e%ff"), ParseError::none);
  EXPECT_EQ(error_of("/?q=%00"), ParseError::target_percent_encoding);
  EXPECT_EQ(error_of("/?q=%1"), ParseError::target_percent_encoding);
}

TEST(Target, ReadsAbsoluteForm) {
  Target target;
  ASSERT_EQ(parse_target(Method::get, "HTTPS://api.example:8443/v1/x?q", target), ParseError::none);
  EXPECT_EQ(target.form, TargetForm::absolute);
  EXPECT_EQ(target.authority, "api.example:8443");
  EXPECT_EQ(target.path, "/v1/x");
  EXPECT_EQ(target.query, "q");
  ASSERT_EQ(parse_target(Method::get, "http://a", target), ParseError::none);
  EXPECT_EQ(target.path, "/");
  ASSERT_EQ(parse_target(Method::get, "http://a?q", target), ParseError::none);
  EXPECT_EQ(target.path, "/");
  EXPECT_EQ(target.query, "q");
  ASSERT_EQ(parse_target(Method::options, "http://a", target), ParseError::none);
  EXPECT_EQ(target.path, "*");
  EXPECT_EQ(error_of("http://a//b"), ParseError::path_empty_segment);
  EXPECT_EQ(error_of("http://a/../b"), ParseError::path_dot_segment);
  EXPECT_EQ(error_of("http:///x"), ParseError::target_authority);
  EXPECT_EQ(error_of("http://user@a/x"), ParseError::target_authority);
  EXPECT_EQ(error_of("http://a:0/x"), ParseError::target_authority);
  EXPECT_EQ(error_of("http://a\\@b/x"), ParseError::target_authority);
  EXPECT_EQ(error_of("http://a#x"), ParseError::target_fragment);
}

TEST(Target, RefusesOtherForms) {
  for (const char* text : {"", "v1/x", "?x", "ftp://a/x", "http:/a", "http:a", "a:443", "a",
                           "file:///etc/passwd", "javascript:x", "**", "*/"}) {
    EXPECT_EQ(error_of(text), ParseError::target_form) << text;
  }
  EXPECT_EQ(error_of("*", Method::get), ParseError::target_form);
  EXPECT_EQ(error_of("*", Method::options), ParseError::none);
  EXPECT_EQ(error_of("a:443", Method::connect), ParseError::method_not_allowed);
}

TEST(Target, TakesOnlyPlainHosts) {
  for (const char* host :
       {"a", "A-1.b_c.example", "example.com.", "127.0.0.1", "127.0.0.1:65535", "a:1", "[::1]",
        "[2001:db8::1]:443", "[::ffff:1.2.3.4]", "localhost:08080"}) {
    EXPECT_TRUE(is_host_and_port(host)) << host;
  }
  for (const std::string& host : {""s,
                                  ":80"s,
                                  "a:"s,
                                  "a:0"s,
                                  "a:65536"s,
                                  "a:000080"s,
                                  "a:+1"s,
                                  "a:1a"s,
                                  "a:80:80"s,
                                  "::1"s,
                                  "[::1"s,
                                  "::1]"s,
                                  "[]"s,
                                  "[::g]"s,
                                  "[1.2.3.4]"s,
                                  "[::1]x"s,
                                  "[::1]:"s,
                                  "[fe80::1%25eth0]"s,
                                  "[fe80::1%eth0]"s,
                                  "[v1.x]"s,
                                  ".a"s,
                                  "a..b"s,
                                  "."s,
                                  "a b"s,
                                  "a\tb"s,
                                  "a/b"s,
                                  "a?b"s,
                                  "a#b"s,
                                  "a@b"s,
                                  "a,b"s,
                                  "a%41"s,
                                  "a\\b"s,
                                  "a\0"s,
                                  "[::1\0]"s,
                                  "caf\xc3\xa9"s,
                                  "a!"s,
                                  "a$b"s,
                                  "a;b"s,
                                  "a=b"s,
                                  "(a)"s,
                                  "*"s,
                                  "a~b"s,
                                  "\"a\""s,
                                  std::string(256, 'a')}) {
    EXPECT_FALSE(is_host_and_port(host)) << host;
  }
  EXPECT_TRUE(is_host_and_port(std::string(255, 'a')));
}

}  // namespace
}  // namespace headrace::net::http

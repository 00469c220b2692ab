// Heads of requests as tests write them, and what becomes of them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "net/http/request_head.h"
#include "tests/net/http/feeding.h"

namespace headrace::net::http {

// A whole request head with these lines between the request line and the empty line.
inline std::string post(std::string_view lines) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.example\r\n" + std::string(lines) +
         "\r\n";
}

inline ParseError error_of(std::string_view text) {
  const test::Reading reading = test::feed(test::RequestFeeder{}, text);
  EXPECT_NE(reading.status, HeadStatus::incomplete) << text;
  return reading.error;
}

// Parses a good head that stays in place while it is looked at.
class Parsed {
 public:
  explicit Parsed(std::string text) : text_(std::move(text)) {
    EXPECT_EQ(test::feed(test::RequestFeeder{}, text_).status, HeadStatus::complete) << text_;
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

inline void expect_errors(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const ParseError error = error_of(row.text);
    EXPECT_EQ(error, row.error) << describe(error).message << " for:\n" << row.text;
  }
}

}  // namespace headrace::net::http

#include "tools/mock/provider_error.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/tools/mock/answers.h"

namespace headrace::tools::mock {
namespace {

using nlohmann::json;

json error_body(Dialect dialect, const ErrorText& error) {
  std::string out;
  put_error_body(out, dialect, error);
  return Answers::parsed(out);
}

TEST(ProviderError, EachDialectHasItsOwnShape) {
  const ErrorText error{.kind = ErrorKind::rate_limit,
                        .status = 429,
                        .message = "a \"b\"",
                        .request_id = "r1",
                        .retry_after_ms = 2500};
  const json openai = error_body(Dialect::openai, error).at("error");
  EXPECT_EQ(openai.at("message"), "a \"b\"");
  EXPECT_EQ(openai.at("code"), "rate_limit_exceeded");
  const json anthropic = error_body(Dialect::anthropic, error);
  EXPECT_EQ(anthropic.at("type"), "error");
  EXPECT_EQ(anthropic.at("error").at("type"), "rate_limit_error");
  EXPECT_EQ(anthropic.at("request_id"), "r1");
  const json gemini = error_body(Dialect::gemini, error).at("error");
  EXPECT_EQ(gemini.at("code"), 429);
  EXPECT_EQ(gemini.at("status"), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(gemini.at("details").at(1).at("retryDelay"), "2.500s");
}

TEST(ProviderError, EveryKindIsValidInEveryDialectAndFoundByName) {
  for (std::size_t i = 0; i < kErrorKindCount; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    EXPECT_EQ(find_error(error_name(kind)), kind);
    for (const Dialect dialect : {Dialect::openai, Dialect::anthropic, Dialect::gemini}) {
      EXPECT_GE(status_of(kind, dialect), 400);
      EXPECT_TRUE(error_body(dialect, {.kind = kind}).contains("error"));
    }
  }
  EXPECT_FALSE(find_error("no_such_error"));
}

TEST(ProviderError, QuotaAndOverloadFollowTheDialect) {
  EXPECT_EQ(status_of(ErrorKind::overloaded, Dialect::anthropic), 529);
  EXPECT_EQ(status_of(ErrorKind::overloaded, Dialect::openai), 503);
  EXPECT_EQ(error_body(Dialect::openai, {.kind = ErrorKind::insufficient_quota})["error"]["code"],
            "insufficient_quota");
  EXPECT_EQ(error_of_status(529), ErrorKind::overloaded);
  EXPECT_EQ(error_of_status(429), ErrorKind::rate_limit);
  EXPECT_EQ(error_of_status(418), ErrorKind::invalid_request);
  EXPECT_EQ(error_of_status(599), ErrorKind::server_error);
}

TEST(ProviderError, InAStreamItIsOneMoreEvent) {
  for (const Endpoint endpoint : {Endpoint::openai_chat, Endpoint::openai_responses,
                                  Endpoint::anthropic_messages, Endpoint::gemini_stream}) {
    std::string out;
    put_stream_error(out, endpoint, {.kind = ErrorKind::overloaded, .status = 529}, 7);
    const auto events = sse_events(out);
    ASSERT_EQ(events.size(), 1U);
    const json data = Answers::parsed(events[0].data);
    if (endpoint == Endpoint::openai_responses) {
      EXPECT_EQ(data.at("type"), "error");
      EXPECT_EQ(data.at("sequence_number"), 7);
    } else {
      EXPECT_TRUE(data.contains("error"));
    }
  }
}

}  // namespace
}  // namespace headrace::tools::mock

#include "policy/dialect/error_body.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "policy/dialect/sse_framer.h"
#include "policy/dialect/stream_meter.h"

namespace headrace::policy {
namespace {

std::string body_of(const ErrorAnswer& answer, Dialect dialect) {
  std::array<char, kErrorBytesMax> out;
  return {out.data(), write_error_body(answer, dialect, out)};
}

std::string event_of(const ErrorAnswer& answer, Dialect dialect, Endpoint endpoint) {
  std::array<char, kErrorBytesMax> out;
  return {out.data(),
          write_error_event(answer, dialect, {.endpoint = endpoint, .sequence_number = 17}, out)};
}

std::string string_at(simdjson::dom::element element, const char* pointer) {
  std::string_view text;
  if (element.at_pointer(pointer).get(text) != simdjson::SUCCESS) return "(none)";
  return std::string(text);
}

const ErrorAnswer kLimited{.reason = Reason::rate_limited,
                           .title = "A rate limit is reached",
                           .detail = "30 requests a minute",
                           .instance = "/v1/messages",
                           .param = "model",
                           .limit = "requests per minute",
                           .scope = "key",
                           .retry_after_ms = 1500,
                           .request_id = "req_1"};

TEST(ErrorBody, HasTheProblemMembersAndTheDialectsError) {
  simdjson::dom::parser parser;
  for (const Dialect dialect : {Dialect::openai, Dialect::anthropic, Dialect::gemini}) {
    const std::string body = body_of(kLimited, dialect);
    simdjson::dom::element root;
    ASSERT_EQ(parser.parse(body).get(root), simdjson::SUCCESS) << body;
    EXPECT_EQ(string_at(root, "/title"), "A rate limit is reached");
    EXPECT_EQ(string_at(root, "/detail"), "30 requests a minute");
    EXPECT_EQ(string_at(root, "/instance"), "/v1/messages");
    EXPECT_EQ(string_at(root, "/code"), "rate_limited");
    EXPECT_EQ(string_at(root, "/limit"), "requests per minute");
    EXPECT_EQ(string_at(root, "/scope"), "key");
    EXPECT_EQ(string_at(root, "/request_id"), "req_1");
    EXPECT_EQ(string_at(root, "/error/message"), "30 requests a minute");
    if (dialect == Dialect::gemini) {
      EXPECT_EQ(root["status"].error(), simdjson::NO_SUCH_FIELD) << "its SDK takes it for a word";
    } else {
      EXPECT_EQ(std::int64_t{root["status"]}, 429);
    }
    EXPECT_EQ(std::int64_t{root["retry_after_ms"]}, 1500);
  }
}

TEST(ErrorBody, HasEachDialectsShape) {
  EXPECT_EQ(body_of({.reason = Reason::model_not_found,
                     .title = "There is no such model",
                     .detail = "There is no such model",
                     .param = "model"},
                    Dialect::openai),
            R"({"type":"urn:headrace:problem:model_not_found","title":"There is no such model",)"
            R"("status":404,"detail":"There is no such model","code":"model_not_found","error":)"
            R"({"message":"There is no such model","type":"invalid_request_error","param":"model",)"
            R"("code":"model_not_found"}})");
  EXPECT_EQ(body_of({.reason = Reason::unauthenticated,
                     .title = "The API key is missing or not valid",
                     .detail = "The API key is missing or not valid",
                     .request_id = "r"},
                    Dialect::anthropic),
            R"({"type":"error","title":"The API key is missing or not valid","status":401,)"
            R"("detail":"The API key is missing or not valid","code":"unauthenticated",)"
            R"("request_id":"r","error":{"type":"authentication_error",)"
            R"("message":"The API key is missing or not valid"}})");
  EXPECT_EQ(body_of({.reason = Reason::overloaded,
                     .title = "The gateway is overloaded",
                     .detail = "The gateway is overloaded",
                     .retry_after_ms = 2050},
                    Dialect::gemini),
            R"({"type":"urn:headrace:problem:overloaded","title":"The gateway is overloaded",)"
            R"("detail":"The gateway is overloaded","code":"overloaded",)"
            R"("retry_after_ms":2050,"error":{"code":503,"message":"The gateway is overloaded",)"
            R"("status":"UNAVAILABLE","details":[{"@type":)"
            R"("type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2.050s"}]}})");
}

TEST(ErrorBody, IsValidJsonWhateverTheTextsHold) {
  simdjson::dom::parser parser;
  const std::string hostile = std::string("\"\\\n\r\t\x01\x7F</script>\xFF\xC3\0", 19) + "\u20ac";
  std::string endless;
  while (endless.size() < 5000)
    endless += "\x01\"\u20ac";
  for (const std::string& text : {hostile, endless, std::string(5000, '\x02')}) {
    const ErrorAnswer answer{.reason = Reason::rate_limited,
                             .title = text,
                             .detail = text,
                             .instance = text,
                             .param = text,
                             .limit = text,
                             .scope = text,
                             .retry_after_ms = INT64_MAX,
                             .request_id = text};
    for (const Dialect dialect : {Dialect::openai, Dialect::anthropic, Dialect::gemini}) {
      const std::string body = body_of(answer, dialect);
      EXPECT_EQ(parser.parse(body).error(), simdjson::SUCCESS) << body;
      EXPECT_LE(body.size(), kErrorBytesMax);
      const Endpoint endpoint =
          dialect == Dialect::openai ? Endpoint::responses : Endpoint::unknown;
      EXPECT_LE(event_of(answer, dialect, endpoint).size(), kErrorBytesMax);
    }
  }
}

TEST(ErrorBody, HasARowForEveryReason) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const ReasonRow& reason = row(static_cast<Reason>(i));
    EXPECT_GE(reason.status, 400);
    EXPECT_LE(reason.status, 504);
    EXPECT_EQ(name(reason.title), "title_" + std::string(reason.code));
    for (const std::string_view word : {reason.code, reason.openai_type, reason.openai_code,
                                        reason.anthropic_type, reason.gemini_status}) {
      EXPECT_FALSE(word.empty()) << reason.code;
      EXPECT_EQ(word.find_first_of(" \"\\"), std::string_view::npos);
    }
  }
}

TEST(ErrorEvent, EndsAStreamSoThatItsReaderSeesAFailure) {
  const std::vector<std::pair<Dialect, Endpoint>> streams = {
      {Dialect::openai, Endpoint::chat_completions},
      {Dialect::openai, Endpoint::responses},
      {Dialect::anthropic, Endpoint::messages},
      {Dialect::gemini, Endpoint::stream_generate_content}};
  simdjson::dom::parser parser;
  for (const auto& [dialect, endpoint] : streams) {
    const std::string event = event_of(
        {.reason = Reason::upstream_failed, .detail = "The provider failed", .request_id = "r"},
        dialect, endpoint);
    EXPECT_TRUE(event.ends_with("\n\n"));
    StreamMeter meter(endpoint, {});
    meter.feed(std::as_bytes(std::span(event.data(), event.size())));
    while (meter.next()) {
    }
    EXPECT_EQ(meter.end(), StreamEnd::failed) << event;
    EXPECT_EQ(meter.events(), 1U);
    const std::string data = event.substr(event.find("data: ") + 6);
    simdjson::dom::element root;
    ASSERT_EQ(parser.parse(data).get(root), simdjson::SUCCESS) << data;
    EXPECT_EQ(string_at(root, "/error/message"), "The provider failed");
  }
  EXPECT_TRUE(event_of({}, Dialect::anthropic, Endpoint::messages).starts_with("event: error\n"));
  const std::string responses =
      event_of({.detail = "The gateway failed"}, Dialect::openai, Endpoint::responses);
  EXPECT_TRUE(responses.starts_with(
      R"(event: error)"
      "\n"
      R"(data: {"type":"error","sequence_number":17,"code":"internal","message":"The gateway )"));
}

TEST(ErrorEvent, EndsAnArrayAsItsLastElement) {
  simdjson::dom::parser parser;
  const std::string element = R"({"candidates":[{"content":{"parts":[{"text":"hi"}]}}]})";
  for (const std::string& begun :
       {std::string(), "[" + element, "[" + element + ",\r\n" + element}) {
    StreamMeter meter(Endpoint::stream_generate_content, {.form = StreamForm::json_array});
    meter.feed(std::as_bytes(std::span(begun.data(), begun.size())));
    while (meter.next()) {
    }
    std::array<char, kErrorBytesMax> out;
    const std::size_t size = write_error_event(
        {.reason = Reason::upstream_failed, .detail = "The provider failed"}, Dialect::gemini,
        {.endpoint = Endpoint::stream_generate_content,
         .form = meter.form(),
         .has_elements = meter.has_elements()},
        out);
    const std::string whole = begun + std::string(out.data(), size);
    simdjson::dom::array elements;
    ASSERT_EQ(parser.parse(whole).get(elements), simdjson::SUCCESS) << whole;
    ASSERT_GE(elements.size(), 1U);
    const simdjson::dom::element last = elements.at(elements.size() - 1);
    EXPECT_EQ(string_at(last, "/error/message"), "The provider failed");
    EXPECT_EQ(string_at(last, "/error/status"), "UNAVAILABLE");
    meter.feed(std::as_bytes(std::span(out.data(), size)));
    while (meter.next()) {
    }
    EXPECT_EQ(meter.end(), StreamEnd::failed) << whole;
  }
}

}  // namespace
}  // namespace headrace::policy

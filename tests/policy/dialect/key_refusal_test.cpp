// What Google's errors say of the key that they were shown (policy/dialect/provider_error.h).
#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/dialect/provider_error.h"

namespace headrace::policy {
namespace {

constexpr std::string_view kErrorInfo = R"("@type":"type.googleapis.com/google.rpc.ErrorInfo")";

std::string body_of(std::string_view details) {
  return fmt::format(
      R"({{"error":{{"code":400,"message":"no","status":"INVALID_ARGUMENT","details":[{}]}}}})",
      details);
}

std::string detail_of(std::string_view reason) {
  return fmt::format(R"({{{},"reason":"{}","domain":"googleapis.com",)"
                     R"("metadata":{{"service":"generativelanguage.googleapis.com"}}}})",
                     kErrorInfo, reason);
}

bool refuses(std::string_view body, std::size_t slice_bytes) {
  ProviderErrorReader reader;
  reader.start();
  for (; !body.empty(); body.remove_prefix(std::min(slice_bytes, body.size())))
    reader.feed(std::as_bytes(std::span(body.substr(0, slice_bytes))));
  return reader.key_refused();
}

bool refuses(std::string_view body) {
  const bool at_once = refuses(body, body.size() + 1);
  for (const std::size_t slice_bytes : {1U, 7U, 64U})
    EXPECT_EQ(refuses(body, slice_bytes), at_once) << slice_bytes << " of " << body;
  return at_once;
}

TEST(KeyRefusal, IsTheReasonOfAnErrorInfo) {
  for (const char* reason :
       {"ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        "ACCOUNT_STATE_INVALID", "API_KEY_ANDROID_APP_BLOCKED", "API_KEY_HTTP_REFERRER_BLOCKED",
        "API_KEY_INVALID", "API_KEY_IOS_APP_BLOCKED", "API_KEY_IP_ADDRESS_BLOCKED",
        "API_KEY_SERVICE_BLOCKED", "BILLING_DISABLED", "CONSUMER_INVALID", "CONSUMER_SUSPENDED",
        "CREDENTIALS_MISSING", "SERVICE_DISABLED"}) {
    EXPECT_TRUE(refuses(body_of(detail_of(reason)))) << reason;
  }
}

TEST(KeyRefusal, StandsAnywhereAmongTheDetails) {
  constexpr std::string_view kOther =
      R"({"@type":"type.googleapis.com/google.rpc.LocalizedMessage","locale":"en-US"})";
  const std::string detail = detail_of("API_KEY_INVALID");
  EXPECT_TRUE(refuses(body_of(fmt::format("{},{}", kOther, detail))));
  EXPECT_TRUE(refuses(body_of(fmt::format("{},{}", detail, kOther))));
  EXPECT_TRUE(refuses(body_of(detail + "," + detail_of("FIELD_INVALID"))));
  EXPECT_TRUE(refuses("[" + body_of(detail) + "]"));
  const std::string turned =
      fmt::format(R"({{"domain":"googleapis.com","reason":"API_KEY_INVALID",{}}})", kErrorInfo);
  EXPECT_TRUE(refuses(body_of(turned)));
  EXPECT_TRUE(refuses(body_of(fmt::format(R"({{{},"reason":"API_KEY_INVALID"}})", kErrorInfo))));
}

TEST(KeyRefusal, IsNoBadRequest) {
  for (const char* reason : {"FIELD_INVALID", "IAM_PERMISSION_DENIED", "USER_PROJECT_DENIED",
                             "RATE_LIMIT_EXCEEDED", "api_key_invalid", "API_KEY_INVALID ", ""}) {
    EXPECT_FALSE(refuses(body_of(detail_of(reason)))) << reason;
  }
  const std::string other_type =
      R"({"@type":"type.googleapis.com/google.rpc.Help","reason":"API_KEY_INVALID"})";
  const std::string other_domain =
      fmt::format(R"({{{},"reason":"SERVICE_DISABLED","domain":"example.test"}})", kErrorInfo);
  const std::string parted = fmt::format(R"({{{}}},{{"reason":"API_KEY_INVALID"}})", kErrorInfo);
  const std::string deeper =
      fmt::format(R"({{{},"metadata":{{"reason":"API_KEY_INVALID"}}}})", kErrorInfo);
  for (const std::string& details : {other_type, other_domain, parted, deeper,
                                     "[" + detail_of("API_KEY_INVALID") + "]", std::string()}) {
    EXPECT_FALSE(refuses(body_of(details))) << details;
  }
  for (const std::string_view body :
       {R"({"error":{"message":"API_KEY_INVALID","status":"API_KEY_INVALID"}})",
        R"({"reason":"API_KEY_INVALID"})", R"("API_KEY_INVALID")", "API_KEY_INVALID", ""}) {
    EXPECT_FALSE(refuses(body)) << body;
  }
}

TEST(KeyRefusal, IsNotGuessedFromWhatIsBrokenOrCut) {
  const std::string whole = body_of(detail_of("API_KEY_INVALID"));
  const std::size_t end = whole.rfind("}]}}");
  for (std::size_t size = 0; size <= end; ++size)
    EXPECT_FALSE(refuses(whole.substr(0, size))) << size;
  // Once it has said so, nothing that follows unsays it.
  EXPECT_TRUE(refuses(whole.substr(0, end + 1)));
  EXPECT_TRUE(refuses(whole.substr(0, end + 1) + "garbage"));
  for (const char* broken : {"{\"error\" {", "{error:", "<html>", "{\"error\":{\"details\":}"})
    EXPECT_FALSE(refuses(broken + whole)) << broken;
}

TEST(KeyRefusal, IsForgottenWithItsAnswer) {
  ProviderErrorReader reader;
  const std::string refusal = body_of(detail_of("API_KEY_INVALID"));
  reader.start();
  reader.feed(std::as_bytes(std::span(refusal)).first(refusal.rfind("}]}}")));
  reader.start();
  const std::string other = body_of("{}");
  reader.feed(std::as_bytes(std::span(other)));
  EXPECT_FALSE(reader.key_refused());
}

}  // namespace
}  // namespace headrace::policy

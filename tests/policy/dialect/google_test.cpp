#include "policy/dialect/google.h"

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

TEST(Google, IsKnownByItsDialectOrItsHost) {
  EXPECT_TRUE(is_google(Dialect::gemini, "127.0.0.1"));
  for (const char* host :
       {"generativelanguage.googleapis.com", "aiplatform.googleapis.com",
        "europe-west4-aiplatform.googleapis.com", "generativelanguage.googleapis.com."}) {
    EXPECT_TRUE(is_google(Dialect::openai, host)) << host;
    EXPECT_TRUE(is_google(Dialect::anthropic, host)) << host;
  }
  for (const char* host : {"", ".", "api.openai.com", "googleapis.com.example.test",
                           "notgoogleapis.com", "googleapis.example.test"}) {
    EXPECT_FALSE(is_google(Dialect::openai, host)) << host;
  }
}

TEST(Google, SaysInTheBodyAloneWhatItRefuses) {
  EXPECT_TRUE(may_hide_key_refusal(400));
  EXPECT_TRUE(may_hide_key_refusal(403));
  for (const int status : {200, 401, 404, 409, 429, 500, 503})
    EXPECT_FALSE(may_hide_key_refusal(static_cast<std::uint16_t>(status))) << status;
}

}  // namespace
}  // namespace headrace::policy

#include "net/http/field.h"

#include <string>

#include <gtest/gtest.h>

#include "net/http/forwarding.h"
#include "net/http/text.h"

namespace headrace::net::http {
namespace {

std::string changed_case(std::string_view name, bool upper) {
  std::string text(name);
  for (char& c : text) {
    if (is_letter(c)) c = static_cast<char>(upper ? c & ~0x20 : c | 0x20);
  }
  return text;
}

TEST(Field, KnowsEveryNameInEveryCase) {
  for (std::size_t i = 1; i < kFieldIds; ++i) {
    const auto id = static_cast<FieldId>(i);
    const std::string name(field_name(id));
    ASSERT_FALSE(name.empty());
    EXPECT_TRUE(is_token(name));
    EXPECT_EQ(field_id(name), id) << name;
    EXPECT_EQ(field_id(changed_case(name, false)), id) << name;
    EXPECT_EQ(field_id(changed_case(name, true)), id) << name;
  }
  EXPECT_EQ(field_name(FieldId::other), "");
}

TEST(Field, NamesStandBesideTheRightIds) {
  EXPECT_EQ(field_id("accept"), FieldId::accept);
  EXPECT_EQ(field_id("te"), FieldId::te);
  EXPECT_EQ(field_id("content-length"), FieldId::content_length);
  EXPECT_EQ(field_id("transfer-encoding"), FieldId::transfer_encoding);
  EXPECT_EQ(field_id("x-headrace-key"), FieldId::x_headrace_key);
  EXPECT_EQ(field_id("x-should-retry"), FieldId::x_should_retry);
  EXPECT_EQ(field_id("host"), FieldId::host);
}

// One character changed, anywhere, makes another name: the look-up compares all of it.
TEST(Field, KnowsNoNameThatDiffersInOneCharacter) {
  for (std::size_t i = 1; i < kFieldIds; ++i) {
    const std::string name(field_name(static_cast<FieldId>(i)));
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string other = name;
        other[at] = static_cast<char>(value);
        if (equals_ignoring_case(other, name)) continue;
        ASSERT_NE(field_id(other), static_cast<FieldId>(i)) << other;
      }
    }
    EXPECT_NE(field_id(name + "s"), static_cast<FieldId>(i));
    EXPECT_NE(field_id(name.substr(1)), static_cast<FieldId>(i));
  }
  EXPECT_EQ(field_id(""), FieldId::other);
  EXPECT_EQ(field_id("x"), FieldId::other);
  EXPECT_EQ(field_id(std::string(8000, 'x')), FieldId::other);
}

TEST(Field, SetsHoldWhatWasPutIn) {
  constexpr FieldSet set{FieldId::host, FieldId::x_should_retry};
  EXPECT_TRUE(set.contains(FieldId::host));
  EXPECT_TRUE(set.contains(FieldId::x_should_retry));
  EXPECT_FALSE(set.contains(FieldId::other));
  EXPECT_FALSE((set - FieldSet{FieldId::host}).contains(FieldId::host));
  EXPECT_TRUE((set | FieldSet{FieldId::te}).contains(FieldId::te));
}

TEST(Forwarding, WithholdsHopByHopFieldsAndWhatWeWriteOurselves) {
  for (const char* name : {"Connection",
                           "Keep-Alive",
                           "Proxy-Connection",
                           "TE",
                           "Trailer",
                           "Transfer-Encoding",
                           "Upgrade",
                           "HTTP2-Settings",
                           "Proxy-Authenticate",
                           "Proxy-Authorization",
                           "Content-Length",
                           "Host",
                           "Authorization",
                           "X-Api-Key",
                           "Api-Key",
                           "X-Goog-Api-Key",
                           "X-Headrace-Key",
                           "X-Forwarded-For",
                           "X-Forwarded-Host",
                           "X-Forwarded-Proto",
                           "Forwarded",
                           "Via",
                           "X-Real-IP",
                           "X-Request-Id",
                           "Traceparent",
                           "Expect"}) {
    EXPECT_FALSE(forwards(Field{field_id(name), false, name, "v"}, kRequestFieldsWithheld)) << name;
  }
  for (const char* name : {"Content-Type", "Accept", "User-Agent", "Anthropic-Version",
                           "OpenAI-Organization", "Accept-Encoding", "Tracestate"}) {
    EXPECT_TRUE(forwards(Field{field_id(name), false, name, "v"}, kRequestFieldsWithheld)) << name;
    EXPECT_FALSE(forwards(Field{field_id(name), true, name, "v"}, kRequestFieldsWithheld)) << name;
  }
  for (const char* name : {"Connection", "Transfer-Encoding", "Content-Length", "Trailer",
                           "Keep-Alive", "Upgrade", "Alt-Svc", "Strict-Transport-Security"}) {
    EXPECT_FALSE(forwards(Field{field_id(name), false, name, "v"}, kResponseFieldsWithheld))
        << name;
  }
  for (const char* name :
       {"Content-Type", "Retry-After", "Date", "Server", "X-RateLimit-Limit", "Content-Encoding"}) {
    EXPECT_TRUE(forwards(Field{field_id(name), false, name, "v"}, kResponseFieldsWithheld)) << name;
  }
}

}  // namespace
}  // namespace headrace::net::http

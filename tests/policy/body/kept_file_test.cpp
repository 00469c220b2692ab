#include "policy/body/kept_file.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

bool is_kept(std::string_view uri) {
  return names_kept_file('"' + std::string(uri) + '"');
}

TEST(KeptFile, IsNoneThatAnybodyCanFetch) {
  for (const std::string_view uri : {
           "https://www.youtube.com/watch?v=9hE5-98ZeCg",
           R"(https:\/\/www.youtube.com\/watch?v=9hE5-98ZeCg)",
           "HTTPS://Example.TEST/files/report.pdf",
           "http://example.test:8080/a",
           "https://example.test",
           "https://example.test.?a#b",
           "https://storage.googleapis.com/bucket/o?X-Goog-Signature=a",
           "https://example.test/?u=https://generativelanguage.googleapis.com/v1beta/files/a",
       }) {
    EXPECT_FALSE(is_kept(uri)) << uri;
  }
  EXPECT_FALSE(is_kept("https://example.test/" + std::string(4000, 'a')));
}

TEST(KeptFile, IsWhateverMayStandInAnAccount) {
  for (const std::string_view uri : {
           "files/abc",
           "",
           "/files/abc",
           "gs://bucket/object",
           "https://generativelanguage.googleapis.com/v1beta/files/abc",
           "http://generativelanguage.googleapis.com:80/v1beta/files/abc",
           R"(https:\/\/generativelanguage.googleapis.com\/v1beta\/files\/abc)",
           R"(https://\u0067enerativelanguage.googleapis.com/v1beta/files/abc)",
           "HTTPS://GENERATIVELANGUAGE.GOOGLEAPIS.COM/v1beta/files/abc",
           "https://generativelanguage.googleapis.com./v1beta/files/abc",
           "https://us-generativelanguage.mtls.googleapis.com/v1beta/files/abc",
           "https://a@generativelanguage.googleapis.com/v1beta/files/abc",
           "https://example.test:x@generativelanguage.googleapis.com/v1beta/files/abc",
           "https://%67enerativelanguage.googleapis.com/v1beta/files/abc",
           R"(https://gener\tativelanguage.googleapis.com/v1beta/files/abc)",
           R"(https:\\generativelanguage.googleapis.com/v1beta/files/abc)",
           "https:///generativelanguage.googleapis.com/v1beta/files/abc",
           "https:generativelanguage.googleapis.com/v1beta/files/abc",
           " https://generativelanguage.googleapis.com/v1beta/files/abc",
           "https://",
           "https://.",
           "https://[::1]/files/a",
       }) {
    EXPECT_TRUE(is_kept(uri)) << uri;
  }
  EXPECT_TRUE(is_kept("https://" + std::string(400, 'a') + "/files/a"));
}

}  // namespace
}  // namespace headrace::policy

#include "policy/config/path_pattern.h"

#include <gtest/gtest.h>

namespace headrace::policy::config {
namespace {

TEST(PathPattern, MatchesSegmentBySegment) {
  struct Case {
    const char* pattern;
    const char* path;
    bool matches;
  };
  const Case cases[] = {
      {"/v1/moderations", "/v1/moderations", true},
      {"/v1/moderations", "/v1/moderations/x", false},
      {"/v1/moderations", "/v1/moderation", false},
      {"/v1/moderations", "/v1", false},
      {"/v1/moderations", "/V1/moderations", false},
      {"/v1/audio/*", "/v1/audio/speech", true},
      {"/v1/audio/*", "/v1/audio", false},
      {"/v1/audio/*", "/v1/audio/speech/x", false},
      {"/v1/*/execute", "/v1/7/execute", true},
      {"/v1/*/execute", "/v1/7/8/execute", false},
      {"/v1/audio/**", "/v1/audio/speech", true},
      {"/v1/audio/**", "/v1/audio/a/b/c", true},
      {"/v1/audio/**", "/v1/audio", false},
      {"/v1/audio/**", "/v1/audiox/a", false},
      {"/v1/a", "/v1/a%20b", false},
      {"/v1/*", "/v1/a%20b", true},
  };
  for (const Case& one : cases) {
    ASSERT_FALSE(judge_path_pattern(one.pattern)) << one.pattern;
    ASSERT_TRUE(is_unambiguous_path(one.path)) << one.path;
    EXPECT_EQ(path_matches(one.pattern, one.path), one.matches) << one.pattern << " " << one.path;
  }
}

TEST(PathPattern, PathsThatCouldBeReadInTwoWaysAreNotPlain) {
  for (const char* path : {"",
                           "v1/a",
                           "/",
                           "/v1/",
                           "/v1//a",
                           "/v1/./a",
                           "/v1/../a",
                           "/v1/..",
                           "/.",
                           "/v1/%2e%2e/a",
                           "/v1/%2E/a",
                           "/v1/a%2fb",
                           "/v1/a%2Fb",
                           "/v1/a%5cb",
                           "/v1/a\\b",
                           "/v1/a;b",
                           "/v1/a%3bb",
                           "/v1/a%00b",
                           "/v1/a%0ab",
                           "/v1/a%7fb",
                           "/v1/a%25b",
                           "/v1/a%3fb",
                           "/v1/a%23b",
                           "/v1/a?b",
                           "/v1/a#b",
                           "/v1/a b",
                           "/v1/a%",
                           "/v1/a%2",
                           "/v1/a%zz",
                           "/v1/a\x7f",
                           "/v1/a\xc3\xa4",
                           "/v1/a\"b",
                           "/v1/<a>",
                           "/v1/a\r\n"}) {
    EXPECT_FALSE(is_unambiguous_path(path)) << path;
  }
  for (const char* path : {"/v1", "/v1/a.b", "/v1/.a", "/v1/...", "/v1/models/a:generateContent",
                           "/v1/a%20b", "/v1/a%c3%a4", "/v1/a@b,c=d&e!$'()*+~_-"}) {
    EXPECT_TRUE(is_unambiguous_path(path)) << path;
  }
}

TEST(PathPattern, RefusesWhatIsNoPattern) {
  for (const char* pattern :
       {"",        "v1",      "/",        "/v1/",   "//v1",   "/v1/../a",    "/./a",
        "/**",     "/**/a",   "/v1/**/a", "/v1/a*", "/v1/*a", "/v1/***",     "/v1/%61",
        "/v1/a b", "/v1/a;b", "/v1?a",    "/v1#a",  "/v1\\a", "/v1/\xc3\xa4"}) {
    EXPECT_TRUE(judge_path_pattern(pattern)) << pattern;
  }
  EXPECT_FALSE(judge_path_pattern("/" + std::string(kPathPatternBytesMax - 1, 'a')));
  EXPECT_TRUE(judge_path_pattern("/" + std::string(kPathPatternBytesMax, 'a')));
}

}  // namespace
}  // namespace headrace::policy::config

#include "net/http/trace_parent.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::net::http {
namespace {

constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string with(std::size_t at, char c) {
  std::string text(kTrace);
  text[at] = c;
  return text;
}

TEST(TraceParent, IsWhatTraceContextSays) {
  EXPECT_TRUE(is_trace_parent(kTrace));
  EXPECT_TRUE(is_trace_parent("01" + std::string(kTrace.substr(2)) + "-more"));
  EXPECT_TRUE(is_trace_parent("cc" + std::string(kTrace.substr(2))));
  EXPECT_FALSE(is_trace_parent(""));
  EXPECT_FALSE(is_trace_parent(std::string(kTrace) + "-00"));
  EXPECT_FALSE(is_trace_parent("01" + std::string(kTrace.substr(2)) + "00"));
  EXPECT_FALSE(is_trace_parent("ff" + std::string(kTrace.substr(2))));
  EXPECT_FALSE(is_trace_parent("00-" + std::string(32, '0') + std::string(kTrace.substr(35))));
  EXPECT_FALSE(is_trace_parent(std::string(kTrace.substr(0, 36)) + std::string(16, '0') + "-01"));
  for (std::size_t at = 0; at < kTrace.size(); ++at) {
    for (const char c : {'g', 'A', ' ', '_'})
      EXPECT_FALSE(is_trace_parent(with(at, c))) << at;
    EXPECT_FALSE(is_trace_parent(kTrace.substr(0, at)));
  }
}

TEST(TraceParent, GoesOnWithASpanOfOurs) {
  std::array<char, kTraceParentBytes> room;
  EXPECT_EQ(continue_trace(kTrace, 0x0123456789abcdefU, room),
            "00-0af7651916cd43dd8448eb211c80319c-0123456789abcdef-01");
  EXPECT_EQ(continue_trace("42" + std::string(kTrace.substr(2)) + "-later", 1, room),
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01");
}

}  // namespace
}  // namespace headrace::net::http

#include "policy/record/request_context.h"

#include <string>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceId, IsReadFromATraceparent) {
  const auto trace = parse_trace_id(kParent);
  ASSERT_TRUE(trace);
  EXPECT_EQ((*trace)[0], 0x0af7651916cd43ddU);
  EXPECT_EQ((*trace)[1], 0x8448eb211c80319cU);
  EXPECT_TRUE(parse_trace_id("01" + std::string(kParent.substr(2)) + "-more"));
}

TEST(TraceId, IsNotReadFromAnythingElse) {
  const std::string parent(kParent);
  for (std::size_t size = 0; size < parent.size(); ++size)
    EXPECT_FALSE(parse_trace_id(parent.substr(0, size))) << size;
  EXPECT_FALSE(parse_trace_id(parent + "-more")) << "version 00 has an end";
  EXPECT_FALSE(parse_trace_id("01" + parent.substr(2) + "more"));
  EXPECT_FALSE(parse_trace_id("ff" + parent.substr(2)));
  EXPECT_FALSE(parse_trace_id("00-" + std::string(32, '0') + parent.substr(35)));
  for (std::size_t at = 0; at < parent.size(); ++at) {
    std::string wrong = parent;
    wrong[at] = 'G';
    EXPECT_FALSE(parse_trace_id(wrong)) << at;
  }
}

TEST(Tags, HoldNothingThatALogWouldHaveToEscape) {
  std::array<char, 12> room;
  EXPECT_EQ(sane_tags("task=sum,a=b", room), "task=sum,a=b");
  EXPECT_EQ(sane_tags("task=sum,a=bc", room), "task=sum,a=b");
  EXPECT_EQ(sane_tags("a \"b\"\\\x01\xff c", room), "abc");
  EXPECT_EQ(sane_tags("", room), "");
}

}  // namespace
}  // namespace headrace::policy

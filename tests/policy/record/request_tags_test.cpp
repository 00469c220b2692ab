#include "policy/record/request_tags.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/body/body_scan.h"
#include "policy/record/record_codec.h"

namespace headrace::policy {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string tags(const std::string& body, std::string_view field = {},
                 Endpoint endpoint = Endpoint::chat_completions,
                 std::size_t room = kRecordTagBytesMax) {
  const auto facts = scan_body(bytes_of(body), endpoint, {});
  EXPECT_TRUE(facts) << body;
  if (!facts) return "(no body)";
  std::vector<char> out(room);
  return std::string(write_tags({.field = field, .facts = &*facts, .body = bytes_of(body)}, out));
}

TEST(RequestTags, StandAsPairsInOneOrder) {
  EXPECT_EQ(tags(R"({"user":"u1","safety_identifier":"s1","metadata":{"flow":"nightly","n":3}})",
                 "task=sum,team=a"),
            "task=sum,team=a,flow=nightly,n=3,user=u1,safety_identifier=s1");
  EXPECT_EQ(tags(R"({"metadata":{"a":"b"}})"), "a=b");
  EXPECT_EQ(tags(R"({"metadata":{"a":"b"}})", "x,"), "x,a=b");
  EXPECT_EQ(tags(R"({"model":"m"})"), "");
  EXPECT_EQ(tags(R"({"metadata":{}})"), "");
  EXPECT_EQ(tags(R"({"metadata":null,"user":null})"), "");
}

TEST(RequestTags, AreReadFromEveryDialectThatHasThem) {
  EXPECT_EQ(tags(R"({"metadata":{"user_id":"u-9"}})", {}, Endpoint::messages), "user_id=u-9");
  EXPECT_EQ(tags(R"({"user":"u","metadata":{"k":"v"}})", {}, Endpoint::responses), "k=v,user=u");
  EXPECT_EQ(tags(R"({"user":"u","input":"x"})", {}, Endpoint::embeddings), "user=u");
  EXPECT_EQ(tags(R"({"contents":[]})", "a=b", Endpoint::generate_content), "a=b");
}

TEST(RequestTags, HoldNothingThatCouldPassForAnotherPair) {
  EXPECT_EQ(tags(R"({"metadata":{"a,b=c":"1,tenant=evil","q\"":"\\\n"}})"),
            "a%2Cb%3Dc=1%2Ctenant%3Devil,q%22=%5C%0A");
  EXPECT_EQ(tags("{\"metadata\":{\"gr\xC3\xBC\xC3\x9F\":\"100 %\"}}"), "gr%C3%BC%C3%9F=100%20%25");
  EXPECT_EQ(tags(R"({"metadata":{"\u0061":"\ud83d\ude00"}})"), "a=%F0%9F%98%80");
}

TEST(RequestTags, LeaveOutWhatIsNoPlainValue) {
  EXPECT_EQ(tags(R"({"metadata":{"o":{"x":"}"},"l":[1,"]"],"n":null,"t":true,"f":-1.5e3,"":"e"}})"),
            "t=true,f=-1.5e3");
  EXPECT_EQ(tags(R"({"metadata":{"half":"\ud83d","b":"2"}})"), "b=2");
  EXPECT_EQ(tags(R"({"safety_identifier":7,"user":"u"})"), "user=u");
}

TEST(RequestTags, LeaveOutPairsThatHaveNoRoomWhole) {
  const std::string body = R"({"metadata":{"ab":"12","c":"3"}})";
  EXPECT_EQ(tags(body, {}, Endpoint::chat_completions, 9), "ab=12,c=3");
  EXPECT_EQ(tags(body, {}, Endpoint::chat_completions, 8), "ab=12");
  EXPECT_EQ(tags(body, {}, Endpoint::chat_completions, 4), "c=3");
  EXPECT_EQ(tags(body, "x=", Endpoint::chat_completions, 4), "x=");
  EXPECT_EQ(tags(body, {}, Endpoint::chat_completions, 0), "");
  const std::string longest(kRecordTagBytesMax - 2, 'v');
  EXPECT_EQ(tags(R"({"metadata":{"a":")" + longest + R"(","b":"1"}})"), "a=" + longest);
  EXPECT_EQ(tags(R"({"metadata":{"a":"v)" + longest + R"(","b":"1"}})"), "b=1");
}

TEST(RequestTags, LookAtSoManyMembersAndBytesOnly) {
  std::string members;
  std::string expected;
  for (std::size_t i = 0; i < kTagMembersMax + 1; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    members += (i == 0 ? "" : ", ") + ("\"" + name + "\" : \"1\"");
    if (i < kTagMembersMax) expected += (i == 0 ? "" : ",") + name + "=1";
  }
  EXPECT_EQ(tags("{\"metadata\":{ " + members + " }}"), expected);
  const std::string far(kTagTextBytesMax, ' ');
  EXPECT_EQ(tags("{\"metadata\":{\"a\":\"1\"," + far + "\"b\":\"1\"},\"user\":\"u\"}"),
            "a=1,user=u");
  const std::string cut(kTagTextBytesMax, 'x');
  EXPECT_EQ(tags("{\"metadata\":{\"a\":\"1\",\"b\":\"" + cut + "\"},\"user\":\"u\"}"),
            "a=1,user=u");
  EXPECT_EQ(tags("{\"metadata\":{\"a\":\"1\",\"b\":[\"" + cut + "\"]},\"user\":\"u\"}"),
            "a=1,user=u");
}

TEST(RequestTags, OfBodiesAreLeftOutWhereNobodyAsks) {
  std::array<char, 16> room;
  EXPECT_EQ(write_tags({.field = "a=b"}, room), "a=b");
}

}  // namespace
}  // namespace headrace::policy

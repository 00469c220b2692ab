#include "net/http/head_writer.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/http/chunk_writer.h"
#include "net/http/date.h"
#include "net/http/status.h"

namespace headrace::net::http {
namespace {

using namespace std::string_literals;

void write_sample(HeadWriter& writer) {
  writer.request_line("POST", {"/openai", "/v1/chat/completions", "?", "a=1"});
  writer.field("Host", "api.example");
  writer.field(FieldId::authorization, "Bearer x");
  writer.field("X-Parts", {"a", "", "b"});
  writer.field(FieldId::content_length, 18446744073709551615U);
  writer.forward(Field{FieldId::other, false, "x-own", "v"});
  writer.lines("Via: 1.1 headrace\r\n");
  writer.end();
}

constexpr std::string_view kSample =
    "POST /openai/v1/chat/completions?a=1 HTTP/1.1\r\n"
    "Host: api.example\r\n"
    "Authorization: Bearer x\r\n"
    "X-Parts: ab\r\n"
    "Content-Length: 18446744073709551615\r\n"
    "x-own: v\r\n"
    "Via: 1.1 headrace\r\n"
    "\r\n";

TEST(HeadWriter, WritesHeadsAsGiven) {
  std::array<char, 512> memory;
  HeadWriter writer(memory);
  write_sample(writer);
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(writer.text(), kSample);

  HeadWriter answer(memory);
  answer.status_line(200);
  answer.status_line(529);
  answer.status_line(599);
  answer.end();
  EXPECT_EQ(answer.text(),
            "HTTP/1.1 200 OK\r\nHTTP/1.1 529 Site Is Overloaded\r\n"
            "HTTP/1.1 599 Server Error\r\n\r\n");
}

TEST(HeadWriter, LeavesTheQuestionMarkOutWithoutAQuery) {
  std::array<char, 64> memory;
  HeadWriter writer(memory);
  writer.request_line("GET", "/a", "");
  writer.request_line("GET", "/a", "b");
  EXPECT_EQ(writer.text(), "GET /a HTTP/1.1\r\nGET /a?b HTTP/1.1\r\n");
}

TEST(HeadWriter, ForwardsFieldsInOneFormHoweverTheyWereReceived) {
  for (const std::string received : {"x-own: v w\r\n", "x-own:v w\r\n", "x-own:  v w \r\n",
                                     "x-own:\tv w\r\n", "x-own:\t v w\r\n"}) {
    const std::string_view text = received;
    const std::size_t value = text.find('v');
    std::array<char, 64> memory;
    HeadWriter writer(memory);
    writer.forward(Field{FieldId::other, false, text.substr(0, 5), text.substr(value, 3)});
    EXPECT_EQ(writer.text(), "x-own: v w\r\n") << received;
  }
  std::array<char, 64> memory;
  HeadWriter writer(memory);
  writer.forward(Field{FieldId::other, false, "X", ""});
  EXPECT_EQ(writer.text(), "X: \r\n");
}

// Two string literals in braces are two parts, and never a pair of iterators.
TEST(HeadWriter, TakesTwoLiteralsAsTwoParts) {
  std::array<char, 256> memory;
  HeadWriter writer(memory);
  writer.request_line("GET", {"/a", "/b"});
  writer.field("Authorization", {"Bearer ", "x"});
  writer.field(FieldId::authorization, {"Bearer ", "y"});
  EXPECT_EQ(writer.text(),
            "GET /a/b HTTP/1.1\r\nAuthorization: Bearer x\r\nAuthorization: Bearer y\r\n");
}

TEST(HeadWriter, NeverWritesBeyondItsMemoryAndSaysSo) {
  for (std::size_t size = 0; size <= kSample.size(); ++size) {
    std::vector<char> memory(size + 8, '!');
    HeadWriter writer(std::span<char>(memory.data(), size));
    write_sample(writer);
    EXPECT_EQ(writer.overflowed(), size < kSample.size()) << size;
    EXPECT_EQ(writer.ok(), size >= kSample.size());
    EXPECT_LE(writer.size(), size);
    EXPECT_EQ(std::string(memory.end() - 8, memory.end()), "!!!!!!!!") << size;
    // No hole: what stands there is the beginning of the whole.
    EXPECT_TRUE(kSample.starts_with(writer.text())) << size;
  }
}

TEST(HeadWriter, RefusesWhatWouldSplitAMessage) {
  const auto refuses = [](auto&& write) {
    std::array<char, 512> memory;
    HeadWriter writer(memory);
    write(writer);
    return writer.refused() && !writer.ok() && writer.size() == 0;
  };
  for (const std::string& value : {"a\r\nX: y"s, "a\rb"s, "a\nb"s, "a\0b"s, "\x01"s, "a\x7f"s,
                                   "\r"s, std::string(40, 'a') + "\n" + std::string(40, 'b')}) {
    EXPECT_TRUE(refuses([&](HeadWriter& w) { w.field("X", value); })) << value;
    EXPECT_TRUE(refuses([&](HeadWriter& w) { w.field("X", {"a", value}); })) << value;
    EXPECT_TRUE(refuses([&](HeadWriter& w) { w.request_line("GET", "/" + value); })) << value;
    EXPECT_TRUE(refuses([&](HeadWriter& w) { w.request_line("GET", "/", value); })) << value;
    EXPECT_TRUE(refuses([&](HeadWriter& w) { w.request_line(value, "/"); })) << value;
    EXPECT_TRUE(refuses([&](HeadWriter& w) { w.field(value, "v"); })) << value;
  }
  for (const char* name : {"", "a b", "a:", "a\t", "(x)"}) {
    EXPECT_TRUE(refuses([&](HeadWriter& w) { w.field(name, "v"); })) << name;
  }
  EXPECT_TRUE(refuses([](HeadWriter& w) { w.request_line("GET", "/a b"); }));
  EXPECT_TRUE(refuses([](HeadWriter& w) { w.request_line("GET", "/caf\xc3\xa9"); }));
  EXPECT_TRUE(refuses([](HeadWriter& w) { w.request_line("GET", ""); }));
  EXPECT_TRUE(refuses([](HeadWriter& w) { w.request_line("", "/"); }));
  EXPECT_TRUE(refuses([](HeadWriter& w) { w.field(FieldId::other, "v"); }));
  EXPECT_TRUE(refuses([](HeadWriter& w) { w.field(FieldId::via, "a\nb"); }));
  EXPECT_TRUE(refuses([](HeadWriter& w) { w.status_line(99); }));
  EXPECT_TRUE(refuses([](HeadWriter& w) { w.status_line(600); }));
  EXPECT_TRUE(refuses([](HeadWriter& w) { w.lines("X: y"); }));
  EXPECT_FALSE(refuses([](HeadWriter& w) { w.field("X", "a\tb \xff"); }));
}

TEST(HeadWriter, WritesNothingMoreOnceItRefused) {
  std::array<char, 512> memory;
  HeadWriter writer(memory);
  writer.field("A", "1");
  writer.field("B", "\n");
  writer.field("C", "3");
  writer.end();
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.text(), "A: 1\r\n");
}

TEST(ChunkSizeLine, WritesHexadecimalSizes) {
  EXPECT_EQ(ChunkSizeLine(1).text(), "1\r\n");
  EXPECT_EQ(ChunkSizeLine(0x1a3f).text(), "1a3f\r\n");
  EXPECT_EQ(ChunkSizeLine(UINT64_MAX).text(), "ffffffffffffffff\r\n");
  EXPECT_EQ(ChunkSizeLine().text(), "");
  EXPECT_DEATH(ChunkSizeLine(0), "would end the body");
}

TEST(DateCache, FormatsImfFixdate) {
  DateCache cache;
  const auto at = [&cache](std::int64_t seconds, std::int64_t nanos = 0) {
    return std::string(cache.at(core::WallTime{seconds * 1'000'000'000 + nanos}));
  };
  EXPECT_EQ(at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(at(784111777, 999'999'999), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(at(784111778), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(at(-5), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(at(951827696), "Tue, 29 Feb 2000 12:34:56 GMT");
  EXPECT_EQ(at(1767225599), "Wed, 31 Dec 2025 23:59:59 GMT");
}

TEST(Status, HasAReasonForEveryCode) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(299), "Success");
  for (std::uint16_t status = 100; status < 600; ++status) {
    EXPECT_FALSE(reason_phrase(status).empty()) << status;
  }
}

}  // namespace
}  // namespace headrace::net::http

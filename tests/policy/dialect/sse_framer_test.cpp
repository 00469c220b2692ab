#include "policy/dialect/sse_framer.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headrace::policy {
namespace {

// Each event as `name|data line|data line;`, in slices of that size.
std::string read(std::string_view stream, std::size_t slice_bytes) {
  SseFramer framer;
  std::string out;
  std::string name;
  std::vector<std::string> data;
  bool open = false;
  for (std::size_t at = 0; at < stream.size(); at += slice_bytes) {
    const std::string slice(stream.substr(at, slice_bytes));
    framer.feed(slice);
    std::size_t end = 0;
    for (SseToken token = framer.next(); token.kind != SseToken::Kind::more;
         token = framer.next()) {
      EXPECT_GE(token.end, end);
      end = token.end;
      if (token.kind == SseToken::Kind::event) name += token.value;
      if (token.kind == SseToken::Kind::data) {
        if (!open) data.emplace_back();
        data.back() += token.value;
        open = !token.line_end;
      }
      if (token.kind != SseToken::Kind::event_end) continue;
      EXPECT_TRUE(framer.between_events());
      out += name;
      for (const std::string& line : data)
        out += "|" + line;
      out += ";";
      name.clear();
      data.clear();
    }
  }
  if (!framer.between_events()) out += "...";
  return out;
}

TEST(SseFramer, ReadsLinesAndEventsInSlicesOfAnySize) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"data: a\n\n", "|a;"},
      {"data:a\n\n", "|a;"},
      {"data:  a \n\n", "| a ;"},
      {"data: a\r\n\r\n", "|a;"},
      {"data: a\r\r", "|a;"},
      {"data: a\n\r\n", "|a;"},
      {"data: a\r\n\n", "|a;"},
      {"data: a\r\n\r", "|a;"},
      {"data: a\n\rdata: b\n\n", "|a;|b;"},
      {"data: a\n\ndata: b\r\n\r\ndata: c\r\r", "|a;|b;|c;"},
      {"event: ping\ndata: {}\n\n", "ping|{};"},
      {"event:ping\r\ndata: {}\r\n\r\n", "ping|{};"},
      {"data: a\ndata: b\ndata:\ndata: c\n\n", "|a|b||c;"},
      {"data\n\n", "|;"},
      {"data:\n\n", "|;"},
      {": comment\n\n", ";"},
      {": comment\ndata: a\n\n", "|a;"},
      {"id: 7\nretry: 10\ndata: a\nunknown: x\n\n", "|a;"},
      {"dat: x\ndataa: x\nDATA: x\n data: x\neventx: y\n\n", ";"},
      {"data: a:b: c\n\n", "|a:b: c;"},
      {"\n\n\n", ";;;"},
      {"\xEF\xBB\xBF"
       "data: a\n\n",
       "|a;"},
      {"\xEF\xBB\xBF\xEF\xBB\xBF"
       "data: a\n\n",
       ";"},
      {"data: a\n\n\xEF\xBB\xBF"
       "data: b\n\n",
       "|a;;"},
      // Half a mark is none, but the beginning of a field's name.
      {"\xEF\xBB"
       "data: a\ndata: b\n\n",
       "|b;"},
      {"\xEF\n\ndata: b\n\n", ";|b;"},
      {"data: a\n", "..."},
      {"data: a", "..."},
      {"data: " + std::string(5000, 'x') + "\n\n", "|" + std::string(5000, 'x') + ";"},
  };
  for (const auto& [stream, expected] : cases) {
    for (const std::size_t size : {100000U, 1U, 2U, 3U, 5U, 16U, 17U}) {
      EXPECT_EQ(read(stream, size), expected) << stream << " by " << size;
    }
  }
}

TEST(SseFramer, SaysWhereEventsEnd) {
  const std::string stream = "data: a\n\n: c\n\ndata: b\r\n\r\ndata: c";
  SseFramer framer;
  framer.feed(stream);
  std::vector<std::size_t> ends;
  SseToken token;
  while ((token = framer.next()).kind != SseToken::Kind::more) {
    if (token.kind == SseToken::Kind::event_end) ends.push_back(token.end);
  }
  EXPECT_EQ(ends, (std::vector<std::size_t>{9, 14, 25}));
  EXPECT_EQ(token.end, stream.size());
  EXPECT_FALSE(framer.between_events());
}

}  // namespace
}  // namespace headrace::policy

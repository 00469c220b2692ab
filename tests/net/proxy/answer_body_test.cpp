// What reaches the client of an answer, however its bytes were cut on their way here.
#include "net/proxy/answer_body.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "net/http/chunked_decoder.h"
#include "net/proxy/answer_queue.h"
#include "net/shard_context.h"

namespace headrace::net {
namespace {

using http::BodyFraming;

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kFirst =
    R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"one"}}]})"
    "\n\n";
constexpr std::string_view kUsage =
    R"(data: {"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}})"
    "\n\n";
constexpr std::string_view kLast = "data: [DONE]\n\n";

class AnswerBodyTest : public testing::Test {
 protected:
  explicit AnswerBodyTest(std::uint32_t head_blocks = 8)
      : budget_(std::size_t{8} * 1024 * 1024),
        io_(core::Io::create({}).value()),
        context_(std::make_unique<ShardContext>(
            *io_, timers_, 0, ShardCapacity{.head_blocks = head_blocks}, budget_, kBodyBytesMax)),
        out_(*context_),
        body_(*context_, out_) {}

  static constexpr std::size_t kBodyBytesMax = std::size_t{1024} * 1024;

  AnswerBody::Taken receive(std::string_view text, std::string_view head = {}) {
    core::BufferLease lease = context_->bodies.take(std::max<std::size_t>(text.size(), 1));
    std::memcpy(lease.data(), text.data(), text.size());
    lease.shrink(text.size());
    return body_.take(std::move(lease), 0, head);
  }

  // All that waits for the client, send by send.
  std::string send() {
    std::string text;
    AnswerQueue::Slices slices;
    while (const std::size_t count = out_.begin_send(slices)) {
      for (const auto slice : std::span(slices).first(count))
        text.append(reinterpret_cast<const char*>(slice.data()), slice.size());
      out_.sent();
    }
    return text;
  }

  // The chunks' data; fails where they are no chunks.
  static std::string unchunked(std::string_view text, bool& ended) {
    http::ChunkedDecoder decoder;
    std::string data;
    std::span<const std::byte> rest = std::as_bytes(std::span(text));
    while (!rest.empty() && !decoder.done()) {
      const http::ChunkStep step = decoder.next(rest);
      EXPECT_NE(step.status, http::ChunkStatus::bad);
      if (step.status == http::ChunkStatus::bad) break;
      if (step.status == http::ChunkStatus::data)
        data.append(reinterpret_cast<const char*>(step.data.data()), step.data.size());
      rest = rest.subspan(step.consumed);
    }
    EXPECT_TRUE(rest.empty());
    ended = decoder.done();
    return data;
  }

  void start_stream(BodyFraming from, std::uint64_t length = 0) {
    body_.expect(from, length);
    body_.send_as(BodyFraming::chunked);
    body_.meter().start_stream(policy::Endpoint::chat_completions, {.strip_usage_chunk = true});
  }

  core::BodyBudget budget_;
  core::TimerWheel timers_;
  std::unique_ptr<core::Io> io_;
  std::unique_ptr<ShardContext> context_;
  AnswerQueue out_;
  AnswerBody body_;
};

class WithoutBlocks : public AnswerBodyTest {
 protected:
  WithoutBlocks() : AnswerBodyTest(1) {}
};

std::string chunked(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string chunk;
  for (std::size_t size = text.size(); size > 0; size /= 16)
    chunk.insert(chunk.begin(), kDigits[size % 16]);
  return chunk.append("\r\n").append(text).append("\r\n");
}

TEST_F(AnswerBodyTest, SendsHeadAndBodyInOneRun) {
  body_.expect(BodyFraming::length, 5);
  body_.send_as(BodyFraming::length);
  const auto taken = receive("hello", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(taken.end, AnswerBody::End::complete);
  EXPECT_FALSE(taken.leftovers);
  EXPECT_EQ(out_.size(), 1U);
  EXPECT_EQ(send(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(body_.bytes(), 5U);
}

// The document that was read ahead is not read again; that of a next call is.
TEST_F(AnswerBodyTest, MetersTheAnswerOfEachCallOnce) {
  policy::AnswerPattern pattern;
  for (const int tokens : {3, 5}) {
    const std::string document = fmt::format(
        R"({{"choices":[],"usage":{{"prompt_tokens":{0},"completion_tokens":1,"total_tokens":{0}}}}})",
        tokens);
    body_.expect(BodyFraming::length, document.size());
    body_.send_as(BodyFraming::length);
    body_.meter().start_document(policy::Endpoint::chat_completions, pattern);
    if (tokens == 3) body_.meter_ahead(std::as_bytes(std::span(document)));
    EXPECT_EQ(receive(document).end, AnswerBody::End::complete);
    EXPECT_EQ(body_.meter().usage().in_total(), tokens);
    EXPECT_EQ(send(), document);
    body_.forget();
  }
}

TEST_F(AnswerBodyTest, TellsWhatCameBehindTheEnd) {
  body_.expect(BodyFraming::length, 2);
  body_.send_as(BodyFraming::length);
  const auto taken = receive("hello");
  EXPECT_EQ(taken.end, AnswerBody::End::complete);
  EXPECT_TRUE(taken.leftovers);
  EXPECT_EQ(send(), "he");
}

TEST_F(AnswerBodyTest, SendsWhatCameBeforeABadChunk) {
  body_.expect(BodyFraming::chunked, 0);
  body_.send_as(BodyFraming::chunked);
  EXPECT_EQ(receive("2\r\nhe\r\nx\r\n").end, AnswerBody::End::broken);
  bool ended = true;
  EXPECT_EQ(unchunked(send(), ended), "he");
  EXPECT_FALSE(ended);
}

// The usage chunk that the client did not ask for is left out and metered, and all else comes
// unchanged, wherever buffers and chunks end.
TEST_F(AnswerBodyTest, LeavesOutTheUsageChunkHoweverTheStreamIsCut) {
  const std::string whole = std::string(kFirst).append(kUsage).append(kLast);
  const std::string wanted = std::string(kFirst).append(kLast);
  for (std::size_t first = 1; first < whole.size(); ++first) {
    for (const std::size_t gap : {std::size_t{1}, kUsage.size() / 2, kUsage.size() + 5}) {
      const std::size_t second = std::min(first + gap, whole.size());
      const std::string parts[] = {whole.substr(0, first), whole.substr(first, second - first),
                                   whole.substr(second)};
      for (const bool one_buffer : {false, true}) {
        AnswerBody body(*context_, out_);
        body.expect(BodyFraming::chunked, 0);
        body.send_as(BodyFraming::chunked);
        body.meter().start_stream(policy::Endpoint::chat_completions, {.strip_usage_chunk = true});
        std::vector<std::string> buffers(1);
        for (const std::string& part : parts) {
          if (part.empty()) continue;
          buffers.back() += chunked(part);
          if (!one_buffer) buffers.emplace_back();
        }
        buffers.back() += "0\r\n\r\n";
        AnswerBody::Taken taken{};
        std::string sent;
        for (const std::string& buffer : buffers) {
          core::BufferLease lease = context_->bodies.take(buffer.size());
          std::memcpy(lease.data(), buffer.data(), buffer.size());
          lease.shrink(buffer.size());
          taken = body.take(std::move(lease), 0, {});
          sent += send();
        }
        ASSERT_EQ(taken.end, AnswerBody::End::complete) << first << " " << gap;
        bool ended = false;
        ASSERT_EQ(unchunked(sent, ended), wanted) << first << " " << gap << " " << one_buffer;
        ASSERT_TRUE(ended);
        ASSERT_EQ(body.bytes(), wanted.size());
        ASSERT_EQ(body.meter().usage().in_total(), 7);
        ASSERT_EQ(context_->head_blocks.in_use(), 0U);
      }
    }
  }
}

TEST_F(AnswerBodyTest, EndsAStreamThatEndsWithItsConnection) {
  start_stream(BodyFraming::until_close);
  EXPECT_EQ(receive(kFirst).end, AnswerBody::End::open);
  EXPECT_EQ(receive(kLast.substr(0, 5)).end, AnswerBody::End::open);
  EXPECT_TRUE(body_.provider_closed());
  bool ended = false;
  EXPECT_EQ(unchunked(send(), ended), std::string(kFirst).append(kLast.substr(0, 5)));
  EXPECT_TRUE(ended);
}

// An event that is held is not the client's yet: ours takes its place.
TEST_F(AnswerBodyTest, SaysAnEventInsteadOfWhatIsHeld) {
  start_stream(BodyFraming::until_close);
  receive(std::string(kFirst).append(kUsage.substr(0, 20)));
  EXPECT_FALSE(body_.between_events());
  EXPECT_TRUE(body_.say_event("data: ours\n\n"));
  EXPECT_TRUE(body_.between_events());
  bool ended = true;
  EXPECT_EQ(unchunked(send(), ended), std::string(kFirst).append("data: ours\n\n"));
  EXPECT_FALSE(ended);
  EXPECT_EQ(body_.bytes(), kFirst.size());
}

// Without memory to hold it the beginning of an event has gone, and a later one of ours must not
// become part of it.
TEST_F(WithoutBlocks, EndsAnEventWhoseBeginningWentBeforeItSaysOne) {
  start_stream(BodyFraming::until_close);
  core::BufferLease taken = context_->head_blocks.take();
  receive(std::string(kFirst).append(kUsage.substr(0, 20)));
  EXPECT_FALSE(body_.between_events());
  taken.reset();
  EXPECT_TRUE(body_.say_event("data: ours\n\n"));
  bool ended = true;
  EXPECT_EQ(unchunked(send(), ended),
            std::string(kFirst).append(kUsage.substr(0, 20)).append("\n\ndata: ours\n\n"));
}

// Half of an event is worse than one too many.
TEST_F(WithoutBlocks, GivesTheRestOfAnEventWhoseBeginningWent) {
  start_stream(BodyFraming::until_close);
  const core::BufferLease taken = context_->head_blocks.take();
  receive(kUsage.substr(0, 20));
  receive(kUsage.substr(20));
  bool ended = true;
  EXPECT_EQ(unchunked(send(), ended), kUsage);
}

TEST_F(AnswerBodyTest, QueuesNothingForAClientThatLeft) {
  start_stream(BodyFraming::until_close);
  receive(kFirst, kHead);
  out_.mute();
  receive(std::string(kUsage).append(kLast));
  EXPECT_EQ(body_.meter().usage().in_total(), 7);
  bool ended = true;
  const std::string sent = send();
  EXPECT_TRUE(sent.starts_with(kHead));
  EXPECT_EQ(unchunked(std::string_view(sent).substr(kHead.size()), ended), kFirst);
}

}  // namespace
}  // namespace headrace::net

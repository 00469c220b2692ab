// A request as it leaves: the head that we wrote, the body as edited, in as few pieces as can be.
#include "net/proxy/request_message.h"

#include <cstring>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/body_pool.h"

namespace headrace::net {
namespace {

constexpr std::string_view kReceived =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n\r\n";
constexpr std::string_view kWritten =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: provider\r\n\r\n";
constexpr std::string_view kBody =
    R"({"model":"fast","messages":[{"role":"user","content":"hi"}]})";

class RequestMessageTest : public testing::Test {
 protected:
  RequestMessageTest() {
    const std::string both = std::string(kReceived) + std::string(kBody);
    message_.lease = pool_.take(both.size());
    std::memcpy(message_.lease.data(), both.data(), both.size());
    message_.head_bytes = kReceived.size();
    message_.body_bytes = kBody.size();
  }

  void take_head(std::string_view head, std::size_t room_behind = 512) {
    std::string room(head.size() + room_behind, '?');
    head.copy(room.data(), head.size());
    message_.take_head(room, head.size());
  }
  // What is sent where no edits are left.
  std::string sent() const {
    const auto text = [](std::span<const std::byte> bytes) {
      return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    return text(message_.written_head) + text(message_.rest_of_body());
  }
  bool is_one_piece() const {
    return message_.written_head.data() + message_.written_head.size() ==
           message_.rest_of_body().data();
  }
  static std::string expected(std::string_view head, std::string_view body) {
    return std::string(head) + std::string(body);
  }

  core::BodyBudget budget_{std::size_t{1} << 24U};
  core::BodyPool pool_{budget_, std::size_t{1} << 20U};
  RequestMessage message_;
};

TEST_F(RequestMessageTest, HasItsHeadDirectlyBeforeTheBody) {
  take_head(kWritten);
  EXPECT_EQ(sent(), expected(kWritten, kBody));
  EXPECT_TRUE(is_one_piece());
}

TEST_F(RequestMessageTest, TakesEditsOfTheBodysBeginningIntoTheHead) {
  ASSERT_TRUE(message_.edits.insert(1, R"("max_completion_tokens":4096,)"));
  ASSERT_TRUE(message_.edits.replace({9, 6}, R"("smart-model")"));
  take_head(kWritten);
  EXPECT_TRUE(message_.edits.empty());
  EXPECT_EQ(message_.bytes_to_send(), sent().size());
  EXPECT_EQ(
      sent(),
      expected(
          kWritten,
          R"({"max_completion_tokens":4096,"model":"smart-model","messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_TRUE(is_one_piece());
}

TEST_F(RequestMessageTest, MayLoseBytesAtTheBeginning) {
  ASSERT_TRUE(message_.edits.replace({1, 15}, ""));
  take_head(kWritten);
  EXPECT_EQ(sent(), expected(kWritten, R"({"messages":[{"role":"user","content":"hi"}]})"));
  EXPECT_TRUE(is_one_piece());
}

TEST_F(RequestMessageTest, LeavesEditsFurtherBehindWhereTheyAre) {
  const std::string longer = R"({"a":")" + std::string(200, 'a') + R"(","b":1})";
  message_.lease = pool_.take(kReceived.size() + longer.size());
  std::memcpy(message_.lease.data() + kReceived.size(), longer.data(), longer.size());
  message_.body_bytes = longer.size();
  ASSERT_TRUE(message_.edits.insert(static_cast<std::uint32_t>(longer.size()) - 1, R"(,"c":2)"));
  take_head(kWritten);
  EXPECT_EQ(message_.edits.edits().size(), 1U);
  EXPECT_EQ(message_.beginning_bytes, 0U);
  EXPECT_EQ(sent(), expected(kWritten, longer));
}

// Neither before what the lease has room for, nor behind the room that the head was written in.
TEST_F(RequestMessageTest, LeavesEditsForWhichThereIsNoRoom) {
  ASSERT_TRUE(message_.edits.insert(1, R"("max_completion_tokens":4096,)"));
  const std::string longest(kReceived.size() + kRewriteRoom, 'h');
  take_head(longest);
  EXPECT_EQ(message_.edits.edits().size(), 1U);
  EXPECT_EQ(sent(), expected(longest, kBody));
  take_head(kWritten, 10);
  EXPECT_EQ(message_.edits.edits().size(), 1U);
  EXPECT_EQ(sent(), expected(kWritten, kBody));
}

}  // namespace
}  // namespace headrace::net

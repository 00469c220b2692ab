#include "net/edge/lease_queue.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/block_pool.h"

namespace headrace::net {
namespace {

constexpr std::size_t kBlockBytes = 64;

class LeaseQueueTest : public testing::Test {
 protected:
  static std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
  }

  void push(std::string_view text) {
    core::BufferLease block = pool_.take();
    std::memcpy(block.data(), text.data(), text.size());
    const std::span<std::byte> queued(block.data(), text.size());
    queue_.push_back(std::move(block), queued);
  }

  std::string pop() {
    const std::span<std::byte> front = queue_.front_bytes();
    const std::string text(reinterpret_cast<const char*>(front.data()), front.size());
    queue_.pop_front().reset();
    return text;
  }

  core::BlockPool pool_{"blocks", kBlockBytes, 4};
  LeaseQueue queue_;
};

TEST_F(LeaseQueueTest, GivesBackInOrderAndReturnsItsBuffers) {
  push("one");
  push("two");
  EXPECT_EQ(pop(), "one");
  EXPECT_EQ(pop(), "two");
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(pool_.in_use(), 0U);
}

TEST_F(LeaseQueueTest, ExtendsItsLastEntryOnly) {
  EXPECT_FALSE(queue_.extend_last(bytes("x"))) << "there is none";
  push("one");
  push("two");
  EXPECT_TRUE(queue_.extend_last(bytes("more")));
  EXPECT_EQ(queue_.size(), 2U);
  EXPECT_EQ(pop(), "one");
  EXPECT_EQ(pop(), "twomore");
}

TEST_F(LeaseQueueTest, ExtendsToTheBuffersEndAndNoFurther) {
  push("x");
  EXPECT_FALSE(queue_.extend_last(bytes(std::string(kBlockBytes, 'y'))));
  EXPECT_TRUE(queue_.extend_last(bytes(std::string(kBlockBytes - 1, 'y'))));
  EXPECT_FALSE(queue_.extend_last(bytes("z")));
  EXPECT_EQ(pop(), "x" + std::string(kBlockBytes - 1, 'y'));
}

}  // namespace
}  // namespace headrace::net

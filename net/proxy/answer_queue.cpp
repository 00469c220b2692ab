#include "net/proxy/answer_queue.h"

#include <cstring>
#include <utility>

#include "net/proxy/buffer_relief.h"
#include "net/shard_context.h"

namespace headrace::net {

bool AnswerQueue::push_text(std::string_view text) {
  if (text.empty() || muted_) return true;
  core::BufferLease block;
  if (text.size() <= shard_->head_blocks.block_bytes()) block = shard_->head_blocks.take();
  // Slow readers of cut events may hold every block.
  if (!block) block = shard_->bodies.take(text.size());
  if (!block) return false;
  std::memcpy(block.data(), text.data(), text.size());
  const std::span<std::byte> bytes(block.data(), text.size());
  queue_.push_back(std::move(block), bytes);
  return true;
}

void AnswerQueue::push_block(core::BufferLease block, std::span<std::byte> bytes) {
  if (!muted_) queue_.push_back(std::move(block), bytes);
}

void AnswerQueue::push_received(core::BufferLease lease, std::span<std::byte> bytes) {
  if (muted_ || (gathering_ && queue_gathered(*shard_, queue_, sending_, bytes))) return;
  queue_relieved(*shard_, queue_, sending_, std::move(lease), bytes);
}

std::size_t AnswerQueue::begin_send(Slices& slices) {
  const std::size_t count = queue_.peek(slices);
  sending_ = static_cast<std::uint32_t>(count);
  return count;
}

void AnswerQueue::sent() {
  for (; sending_ > 0; --sending_)
    queue_.pop_front().reset();
}

void AnswerQueue::drop() {
  sending_ = 0;
  queue_.clear();
}

}  // namespace headrace::net

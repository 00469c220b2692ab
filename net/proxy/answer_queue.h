// What waits to be sent to the client of one answer: received bytes in their buffers, and text of
// ours in blocks.
//
// Use: push...(); begin_send() gives the bytes of the next send, which stay where they are until
// sent() says that they have left.
// Threads: one shard.  Lifetime: an exchange's; the shard's pools outlive it.
// Errors:  where there is no memory for a text of ours, push_text() is false and nothing is queued.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/buffer_lease.h"
#include "net/edge/lease_queue.h"
#include "net/edge/transport.h"

namespace headrace::net {

struct ShardContext;

class AnswerQueue {
 public:
  using Slices = std::array<std::span<const std::byte>, Transport::kSlicesMax>;

  explicit AnswerQueue(ShardContext& shard) : shard_(&shard) {}

  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] std::size_t size() const { return queue_.size(); }

  // Copies a text of ours.
  bool push_text(std::string_view text);
  // A block of ours, with what was written into it.
  void push_block(core::BufferLease block, std::span<std::byte> bytes);
  // Bytes that lie in a receive buffer; where those are short they move (buffer_relief.h).
  void push_received(core::BufferLease lease, std::span<std::byte> bytes);
  // Whether they move in any case: what is withheld may come in many small pieces.
  void gather(bool on) { gathering_ = on; }

  // How many slices the next send has; 0: nothing waits.
  std::size_t begin_send(Slices& slices);
  void sent();

  // Its client has left: what comes from now on is not queued. What is being sent stays.
  void mute() { muted_ = true; }
  // Nobody reads what is queued any more.
  void drop();

 private:
  ShardContext* shard_;
  LeaseQueue queue_;
  std::uint32_t sending_ = 0;  // its first entries are on their way
  bool muted_ = false;
  bool gathering_ = false;
};

}  // namespace headrace::net

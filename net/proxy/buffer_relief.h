// Small receive buffers are for what is just coming in. Whoever waits for somebody else (a slow
// reader, a busy provider) holds one only while there are enough: beyond that its bytes wait in the
// body pool, so that no number of those who are stuck starves those who are not.
//
//   leased   0 ........ scarce ........... short ........ all
//   requests   stay     | move when they wait
//   answers    stay     |  stay            | move when they are queued
//
// Answers have the higher mark because they leave at once as a rule: what is copied then would have
// been free a moment later. The distance above it is for the completions of one turn.
// Threads: one shard.  Errors: without memory for a copy the buffer stays where it is.
#pragma once

#include <cstddef>
#include <span>

#include "core/buffer_lease.h"
#include "net/edge/lease_queue.h"
#include "net/shard_context.h"

namespace headrace::net {

[[nodiscard]] inline bool small_buffers_scarce(const ShardContext& shard) {
  return shard.io->buffers_leased(core::BufferGroup::small) >= shard.small_buffers_scarce;
}

[[nodiscard]] inline bool small_buffers_short(const ShardContext& shard) {
  return shard.io->buffers_leased(core::BufferGroup::small) >= shard.small_buffers_short;
}

// Queues `bytes`, which lie in the lease's buffer; where small ones are short, in a buffer of the
// body pool that later ones share. The first `sending` entries of the queue are being sent.
void queue_relieved(ShardContext& shard, LeaseQueue& queue, std::size_t sending,
                    core::BufferLease lease, std::span<std::byte> bytes);

// Queues a copy of `bytes`, in a buffer of the body pool that later ones share. False: they are too
// many for that, or there is no memory, and nothing is queued.
[[nodiscard]] bool queue_gathered(ShardContext& shard, LeaseQueue& queue, std::size_t sending,
                                  std::span<const std::byte> bytes);

}  // namespace headrace::net

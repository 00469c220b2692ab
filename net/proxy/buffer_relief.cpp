#include "net/proxy/buffer_relief.h"

#include <cstring>

namespace headrace::net {

void queue_relieved(ShardContext& shard, LeaseQueue& queue, std::size_t sending,
                    core::BufferLease lease, std::span<std::byte> bytes) {
  if (small_buffers_short(shard) && lease.size() <= shard.small_buffer_bytes &&
      queue_gathered(shard, queue, sending, bytes)) {
    shard.counters.add(ShardCount::buffers_relieved);
    return;
  }
  queue.push_back(std::move(lease), bytes);
}

bool queue_gathered(ShardContext& shard, LeaseQueue& queue, std::size_t sending,
                    std::span<const std::byte> bytes) {
  // A small buffer and what was written around its bytes fit into the pool's smallest.
  if (bytes.size() > core::BodyPool::kSmallestBytes) return false;
  if (queue.size() > sending && queue.extend_last(bytes)) return true;
  core::BufferLease other = shard.bodies.take(bytes.size());
  if (!other) return false;
  std::memcpy(other.data(), bytes.data(), bytes.size());
  const std::span<std::byte> copy(other.data(), bytes.size());
  queue.push_back(std::move(other), copy);
  return true;
}

}  // namespace headrace::net

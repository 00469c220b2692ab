#include "net/proxy/buffer_relief.h"

#include <cstring>

namespace headrace::net {

void queue_relieved(ShardContext& shard, LeaseQueue& queue, std::size_t sending,
                    core::BufferLease lease, std::span<std::byte> bytes) {
  // A small buffer and what was written around its bytes fit into the pool's smallest.
  if (!small_buffers_short(shard) || lease.size() > shard.small_buffer_bytes ||
      bytes.size() > core::BodyPool::kSmallestBytes) {
    queue.push_back(std::move(lease), bytes);
    return;
  }
  if (queue.size() <= sending || !queue.extend_last(bytes)) {
    core::BufferLease other = shard.bodies.take(bytes.size());
    if (!other) {
      queue.push_back(std::move(lease), bytes);
      return;
    }
    std::memcpy(other.data(), bytes.data(), bytes.size());
    const std::span<std::byte> copy(other.data(), bytes.size());
    queue.push_back(std::move(other), copy);
  }
  shard.counters.add(ShardCount::buffers_relieved);
}

}  // namespace headrace::net

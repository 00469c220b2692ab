#include "net/proxy/buffer_relief.h"

#include <cstring>

namespace headrace::net {

void queue_relieved(ShardContext& shard, LeaseQueue& queue, core::BufferLease lease,
                    std::span<std::byte> bytes) {
  // A small buffer and what was written around its bytes fit into the pool's smallest.
  if (small_buffers_short(shard) && lease.size() <= shard.small_buffer_bytes &&
      bytes.size() <= core::BodyPool::kSmallestBytes) {
    if (core::BufferLease other = shard.bodies.take(bytes.size())) {
      std::memcpy(other.data(), bytes.data(), bytes.size());
      const std::span<std::byte> copy(other.data(), bytes.size());
      queue.push_back(std::move(other), copy);
      shard.counters.add(ShardCount::buffers_relieved);
      return;
    }
  }
  queue.push_back(std::move(lease), bytes);
}

}  // namespace headrace::net

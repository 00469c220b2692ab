// The cache of a process: shared by all its shards, looked up by any of them without locks.
//
//   any shard      find(): index -> hold -> confirm                       no locks, no waiting
//   a shard        CacheBuilder: bytes as they come -> an entry           (cache_builder.h)
//   its home       CachePartition: the entry into the index, others out   (cache_partition.h)
//
// Each partition of the index belongs to one shard, the home of the keys whose hash leads there:
// only the home puts entries in and takes them out, so no two threads ever change one word. What is
// shared otherwise is a count of holders in each entry, a bit that says that it was asked for, and
// the lists of free memory: single atomics all of them.
//
// Memory: at most bytes_max in all, planned at start. An eighth of the blocks is kept for what is
//         being filled and for what was evicted but is still being read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cache/cache_hold.h"
#include "core/cache/cache_index.h"
#include "core/cache/cache_key.h"
#include "core/cache/cache_memory.h"
#include "core/cache/sieve_queue.h"
#include "core/reserved_memory.h"

namespace headrace::core {

class CacheStore {
 public:
  // `partitions`: one a shard.
  CacheStore(std::uint64_t bytes_max, std::uint32_t partitions);
  CacheStore(const CacheStore&) = delete;
  CacheStore& operator=(const CacheStore&) = delete;

  // The entry of this key, if there is one that has not expired. From any thread.
  [[nodiscard]] CacheHold find(const CacheKey& key, Instant now);

  [[nodiscard]] std::uint32_t home_of(Hash128 hash) const {
    return static_cast<std::uint32_t>((hash.high & 0xFFFF'FFFF) % partitions_);
  }
  [[nodiscard]] std::uint32_t partitions() const { return partitions_; }
  [[nodiscard]] CacheMemory& memory() { return memory_; }
  [[nodiscard]] const CacheMemory& memory() const { return memory_; }
  // What the entries of one partition may take, in blocks.
  [[nodiscard]] std::uint32_t partition_blocks() const;
  // The largest entry that has a place in a partition beside others.
  [[nodiscard]] std::size_t entry_bytes_max() const;

  // --- for the partitions ------------------------------------------------------------------------
  [[nodiscard]] std::span<IndexBucket> buckets(std::uint32_t partition) const {
    return {index_ + std::size_t{partition} * buckets_each_, buckets_each_};
  }
  [[nodiscard]] std::span<SieveLinks> links() const {
    return {reinterpret_cast<SieveLinks*>(link_memory_.data()), memory_.capacity()};
  }
  [[nodiscard]] bool is_entry_of(std::uint32_t entry, const CacheKey& key) const;

 private:
  CacheMemory memory_;
  std::uint32_t partitions_;
  std::size_t buckets_each_;  // a power of two
  ReservedMemory index_memory_;
  ReservedMemory link_memory_;
  IndexBucket* index_;
};

}  // namespace headrace::core

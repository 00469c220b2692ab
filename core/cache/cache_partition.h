// A home's part of the cache: which entries are in its part of the index, and which one goes when
// their memory is needed.
//
// Threads: one, the home's. Look-ups go on meanwhile from anywhere (cache_store.h).
// Bounds:  its entries take at most CacheStore::partition_blocks(). Every step is bounded: an entry
//          that comes sends away at most as many as it has blocks, each found in a bounded search.
#pragma once

#include <cstdint>

#include "core/cache/cache_hold.h"
#include "core/cache/cache_store.h"
#include "core/counters.h"

namespace headrace::core {

// Written by the home, read by anybody.
struct CachePartitionStatistics {
  Gauge entries;
  Gauge blocks;
  Counter inserted;
  Counter evicted;   // for their memory, before they had expired
  Counter expired;   // found so when somebody looked for memory, or came in their place
  Counter replaced;  // by a newer answer to the same request
};

class CachePartition {
 public:
  CachePartition(CacheStore& store, std::uint32_t number);
  ~CachePartition() { clear(); }
  CachePartition(const CachePartition&) = delete;
  CachePartition& operator=(const CachePartition&) = delete;

  // Puts the entry into the index, in place of one with the same key. False: it is larger than the
  // whole partition may be.
  bool insert(const CacheHold& entry, Instant now);
  // Sends one entry away to make room. False: there is none.
  bool evict_one(Instant now);
  void clear();

  [[nodiscard]] std::uint32_t blocks() const { return blocks_; }
  [[nodiscard]] std::uint32_t entries() const { return entries_; }
  [[nodiscard]] const CachePartitionStatistics& statistics() const { return statistics_; }

 private:
  [[nodiscard]] IndexWord& place_for(Hash128 hash, Instant now);
  [[nodiscard]] IndexWord* place_of(std::uint32_t entry);
  void drop(IndexWord& place);
  void forget(std::uint32_t entry, IndexWord& place);

  CacheStore& store_;
  std::span<IndexBucket> buckets_;
  SieveQueue queue_;
  std::uint32_t blocks_ = 0;
  std::uint32_t entries_ = 0;
  CachePartitionStatistics statistics_;
};

}  // namespace headrace::core

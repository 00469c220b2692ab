#include "core/cache/cache_store.h"

#include <algorithm>
#include <bit>

#include "core/check.h"

namespace headrace::core {

namespace {

// Of the blocks, for what is not in the index.
constexpr std::uint32_t kBesideIndexShare = 8;
// An entry may take so much of its partition.
constexpr std::uint32_t kEntryShare = 4;

std::size_t buckets_for(std::uint32_t entries, std::uint32_t partitions) {
  const std::size_t each = (entries + partitions - 1) / partitions;
  // Two to four words an entry: at most half of them are ever in use.
  return std::bit_ceil(std::max<std::size_t>(2 * each / kIndexBucketWords, 1));
}

}  // namespace

CacheStore::CacheStore(std::uint64_t bytes_max, std::uint32_t partitions)
    : memory_(bytes_max),
      partitions_(partitions),
      buckets_each_(buckets_for(memory_.capacity(), partitions)),
      index_memory_("the cache's index",
                    std::size_t{partitions} * buckets_each_ * sizeof(IndexBucket)),
      link_memory_("the cache's order", std::size_t{memory_.capacity()} * sizeof(SieveLinks)),
      index_(reinterpret_cast<IndexBucket*>(index_memory_.data())) {
  HEADRACE_CHECK(partitions > 0);
}

std::uint32_t CacheStore::partition_blocks() const {
  const std::uint32_t blocks = memory_.capacity();
  return std::max((blocks - blocks / kBesideIndexShare) / partitions_, 1U);
}

std::size_t CacheStore::entry_bytes_max() const {
  return std::size_t{partition_blocks() / kEntryShare} * kCacheBlockBytes;
}

bool CacheStore::is_entry_of(std::uint32_t number, const CacheKey& key) const {
  const CacheEntry& entry = memory_.entry(number);
  if (entry.hash != key.hash || entry.tag != key.tag || entry.length != key.length) return false;
  const std::string_view scope(reinterpret_cast<const char*>(memory_.block(entry.first_block)),
                               entry.scope_bytes);
  return scope == key.scope;
}

CacheHold CacheStore::find(const CacheKey& key, Instant now) {
  const std::span<IndexBucket> buckets = this->buckets(home_of(key.hash));
  for (const std::size_t bucket : buckets_of(key.hash, buckets.size())) {
    for (const IndexWord& place : buckets[bucket].words) {
      const std::uint64_t word = place.load(std::memory_order_acquire);
      if (!index_word_may_be(word, key.hash)) continue;
      const std::uint32_t number = entry_in(word);
      // What the word led to may have gone, and may be another entry by now: only what is held
      // stays what it is.
      if (!memory_.try_hold(number)) continue;
      CacheHold hold = CacheHold::adopt(memory_, number);
      if (!is_entry_of(number, key)) continue;
      CacheEntry& entry = memory_.entry(number);
      if (entry.expires_at <= now) return {};
      if (entry.visited.load(std::memory_order_relaxed) == 0) {
        entry.visited.store(1, std::memory_order_relaxed);
      }
      return hold;
    }
  }
  return {};
}

}  // namespace headrace::core

#include "core/cache/cache_partition.h"

#include <algorithm>

#include "core/check.h"

namespace headrace::core {

CachePartition::CachePartition(CacheStore& store, std::uint32_t number)
    : store_(store), buckets_(store.buckets(number)), queue_(store.links()) {}

bool CachePartition::insert(const CacheHold& hold, Instant now) {
  CacheMemory& memory = store_.memory();
  const std::uint32_t number = hold.number();
  const CacheEntry& entry = memory.entry(number);
  if (entry.blocks > store_.partition_blocks()) return false;
  const CacheKey key{entry.hash, entry.tag, entry.length, hold.scope()};
  for (const std::size_t bucket : buckets_of(entry.hash, buckets_.size())) {
    for (IndexWord& place : buckets_[bucket].words) {
      const std::uint64_t word = place.load(std::memory_order_relaxed);
      if (!index_word_may_be(word, entry.hash) || !store_.is_entry_of(entry_in(word), key)) {
        continue;
      }
      statistics_.replaced.add(1);
      drop(place);
    }
  }
  while (blocks_ + entry.blocks > store_.partition_blocks()) {
    HEADRACE_CHECK(evict_one(now), "entries in the index take memory");
  }
  IndexWord& place = place_for(entry.hash, now);
  const bool held = memory.try_hold(number);
  HEADRACE_CHECK(held, "who holds an entry may put it into the index");
  place.store(index_word(entry.hash, number), std::memory_order_release);
  queue_.push(number);
  blocks_ += entry.blocks;
  ++entries_;
  statistics_.inserted.add(1);
  statistics_.entries.add(1);
  statistics_.blocks.add(entry.blocks);
  return true;
}

// An empty place in the emptier of the two buckets; where both are full, one of theirs goes: one
// that is over, else one that nobody has asked for of late.
IndexWord& CachePartition::place_for(Hash128 hash, Instant now) {
  IndexWord* best = nullptr;
  std::ptrdiff_t best_empty = 0;
  for (const std::size_t bucket : buckets_of(hash, buckets_.size())) {
    auto& words = buckets_[bucket].words;
    const auto is_empty = [](const IndexWord& word) {
      return word.load(std::memory_order_relaxed) == 0;
    };
    const std::ptrdiff_t empty = std::ranges::count_if(words, is_empty);
    if (empty > best_empty) {
      best_empty = empty;
      best = &*std::ranges::find_if(words, is_empty);
    }
  }
  if (best != nullptr) return *best;
  enum Worth { over, unvisited, visited };
  const auto worth_of = [&](const IndexWord& word) {
    const CacheEntry& entry = store_.memory().entry(entry_in(word.load(std::memory_order_relaxed)));
    if (entry.expires_at <= now) return over;
    return entry.visited.load(std::memory_order_relaxed) == 0 ? unvisited : visited;
  };
  IndexWord* victim = nullptr;
  for (const std::size_t bucket : buckets_of(hash, buckets_.size())) {
    for (IndexWord& word : buckets_[bucket].words) {
      if (victim == nullptr || worth_of(word) < worth_of(*victim)) victim = &word;
    }
  }
  (worth_of(*victim) == over ? statistics_.expired : statistics_.evicted).add(1);
  drop(*victim);
  return *victim;
}

bool CachePartition::evict_one(Instant now) {
  if (queue_.empty()) return false;
  CacheMemory& memory = store_.memory();
  const std::uint32_t number = queue_.take([&](std::uint32_t at) {
    CacheEntry& entry = memory.entry(at);
    if (entry.expires_at <= now) return false;
    return entry.visited.exchange(0, std::memory_order_relaxed) != 0;
  });
  (memory.entry(number).expires_at <= now ? statistics_.expired : statistics_.evicted).add(1);
  IndexWord* place = place_of(number);
  HEADRACE_CHECK(place != nullptr, "an entry in the queue stands in the index");
  forget(number, *place);
  return true;
}

IndexWord* CachePartition::place_of(std::uint32_t number) {
  const Hash128 hash = store_.memory().entry(number).hash;
  for (const std::size_t bucket : buckets_of(hash, buckets_.size())) {
    for (IndexWord& place : buckets_[bucket].words) {
      const std::uint64_t word = place.load(std::memory_order_relaxed);
      if (word != 0 && entry_in(word) == number) return &place;
    }
  }
  return nullptr;
}

void CachePartition::drop(IndexWord& place) {
  const std::uint32_t number = entry_in(place.load(std::memory_order_relaxed));
  queue_.remove(number);
  forget(number, place);
}

// Out of the index; who still reads it keeps it.
void CachePartition::forget(std::uint32_t number, IndexWord& place) {
  place.store(0, std::memory_order_relaxed);
  const std::uint32_t blocks = store_.memory().entry(number).blocks;
  blocks_ -= blocks;
  --entries_;
  statistics_.entries.add(-1);
  statistics_.blocks.add(-static_cast<std::int64_t>(blocks));
  store_.memory().release(number);
}

void CachePartition::clear() {
  while (!queue_.empty()) {
    const std::uint32_t number = queue_.oldest();
    drop(*place_of(number));
  }
}

}  // namespace headrace::core

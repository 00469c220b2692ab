#include "core/cache/cache_memory.h"

#include <algorithm>

#include "core/cache/cache_index.h"
#include "core/cache/sieve_queue.h"
#include "core/check.h"
#include "core/memory_poison.h"

namespace headrace::core {

namespace {

// What one block costs with its entry, its places in both lists of free ones, in the index and in
// the order of eviction.
constexpr std::uint64_t kBytesPerBlock = kCacheBlockBytes + sizeof(CacheEntry) +
                                         2 * sizeof(std::uint32_t) + kIndexBytesPerEntry +
                                         sizeof(SieveLinks);

// Every entry has at least one block: as many entries as blocks are enough.
std::uint32_t blocks_in(std::uint64_t bytes) {
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(bytes / kBytesPerBlock, 1, UINT32_MAX / 2));
}

}  // namespace

CacheMemory::CacheMemory(std::uint64_t bytes_max)
    : free_entries_("the cache's entries", blocks_in(bytes_max)),
      free_blocks_("the cache's blocks", blocks_in(bytes_max)),
      entry_memory_("the cache's entries", std::size_t{blocks_in(bytes_max)} * sizeof(CacheEntry)),
      blocks_("the cache's blocks", std::size_t{blocks_in(bytes_max)} * kCacheBlockBytes),
      entries_(reinterpret_cast<CacheEntry*>(entry_memory_.data())) {
  poison_memory(blocks_.data(), blocks_.size());
}

std::uint32_t CacheMemory::take_entry() {
  const std::uint32_t number = free_entries_.take();
  if (number == kNone) return kNone;
  CacheEntry& entry = entries_[number];
  entry.first_block = entry.last_block = kNone;
  entry.blocks = entry.body_bytes = 0;
  entry.scope_bytes = entry.note_bytes = 0;
  return number;
}

bool CacheMemory::grow(std::uint32_t number) {
  const std::uint32_t block = free_blocks_.take();
  if (block == kNone) return false;
  unpoison_memory(this->block(block), kCacheBlockBytes);
  CacheEntry& entry = entries_[number];
  free_blocks_.link(block, kNone);
  if (entry.blocks == 0) {
    entry.first_block = block;
  } else {
    free_blocks_.link(entry.last_block, block);
  }
  entry.last_block = block;
  ++entry.blocks;
  return true;
}

void CacheMemory::give_back(std::uint32_t number) {
  const CacheEntry& entry = entries_[number];
  HEADRACE_CHECK(entry.holders.load(std::memory_order_relaxed) == 0, "an entry is still held");
  if (entry.blocks > 0) {
    for (std::uint32_t at = entry.first_block; at != kNone; at = next_block(at))
      poison_memory(block(at), kCacheBlockBytes);
    free_blocks_.give_chain(entry.first_block, entry.last_block, entry.blocks);
  }
  free_entries_.give(number);
}

bool CacheMemory::try_hold(std::uint32_t number) {
  std::atomic<std::uint32_t>& holders = entries_[number].holders;
  std::uint32_t seen = holders.load(std::memory_order_relaxed);
  while (seen != 0) {
    if (holders.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void CacheMemory::release(std::uint32_t number) {
  const std::uint32_t before = entries_[number].holders.fetch_sub(1, std::memory_order_acq_rel);
  HEADRACE_CHECK(before != 0, "an entry was let go of more often than it was held");
  if (before == 1) give_back(number);
}

}  // namespace headrace::core

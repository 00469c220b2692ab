// The memory of the cache: entries, and the blocks that their bytes stand in. All of it is planned
// at start and never grows; what is full refuses.
//
// Threads: any. The entries' own rules stand in cache_entry.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cache/cache_entry.h"
#include "core/cache/free_slots.h"
#include "core/reserved_memory.h"

namespace headrace::core {

// Small answers are the usual ones, and waste less of a small block; large ones leave in few sends
// where their blocks are neighbours, which they mostly are (CacheHold::slices).
inline constexpr std::size_t kCacheBlockBytes = 2048;

class CacheMemory {
 public:
  static constexpr std::uint32_t kNone = FreeSlots::kNone;

  // At most `bytes_max` in all, whatever is kept there.
  explicit CacheMemory(std::uint64_t bytes_max);

  // With no block, and nobody holding it; kNone: there is none.
  [[nodiscard]] std::uint32_t take_entry();
  // One block more for an entry that is being filled. False: there is none.
  [[nodiscard]] bool grow(std::uint32_t entry);
  // Nobody holds it: it and its blocks are free.
  void give_back(std::uint32_t entry);

  // False: nobody holds it, so it is not there. True: it stays until release().
  [[nodiscard]] bool try_hold(std::uint32_t entry);
  void release(std::uint32_t entry);

  [[nodiscard]] CacheEntry& entry(std::uint32_t number) const { return entries_[number]; }
  [[nodiscard]] std::byte* block(std::uint32_t number) const {
    return blocks_.data() + std::size_t{number} * kCacheBlockBytes;
  }
  [[nodiscard]] std::uint32_t next_block(std::uint32_t block) const {
    return free_blocks_.next(block);
  }

  [[nodiscard]] std::uint32_t capacity() const { return free_blocks_.capacity(); }
  [[nodiscard]] std::uint32_t blocks_taken() const { return free_blocks_.taken(); }
  [[nodiscard]] std::uint32_t entries_taken() const { return free_entries_.taken(); }

 private:
  FreeSlots free_entries_;
  FreeSlots free_blocks_;
  ReservedMemory entry_memory_;
  ReservedMemory blocks_;
  CacheEntry* entries_;
};

}  // namespace headrace::core

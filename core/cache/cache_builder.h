// Makes an entry of the cache from bytes as they come. A receipt: dropped before finish(), it gives
// back what it took.
//
// Threads: one. Nobody else sees the entry before finish().
// Bounds:  a body of at most bytes_max; where memory is short the partition that it was given sends
//          some of its entries away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/cache/cache_hold.h"
#include "core/cache/cache_partition.h"
#include "core/cache/cache_store.h"

namespace headrace::core {

// Of the note, beside the scope, in the first block.
inline constexpr std::size_t kCacheNoteBytesMax = 512;
static_assert(kCacheScopeBytesMax + kCacheNoteBytesMax <= kCacheBlockBytes,
              "scope and note stand in the first block, in one piece");

class CacheBuilder {
 public:
  enum class Status : std::uint8_t { ok, too_large, no_memory };

  CacheBuilder() = default;
  CacheBuilder(CacheBuilder&& other) noexcept { *this = std::move(other); }
  CacheBuilder& operator=(CacheBuilder&& other) noexcept;
  ~CacheBuilder() { drop(); }

  // `own` is the calling shard's partition. `note_bytes` are kept free for what finish() notes.
  Status start(CacheStore& store, CachePartition& own, const CacheKey& key, std::size_t note_bytes,
               std::size_t bytes_max, Instant now);
  // What is not ok ends it: nothing is held any more.
  Status append(std::span<const std::byte> bytes, Instant now);
  // The entry, whole; the caller holds it. `note` is as long as was said at the start.
  [[nodiscard]] CacheHold finish(std::span<const std::byte> note, Instant stored_at,
                                 Instant expires_at);
  void drop();

  [[nodiscard]] bool active() const { return store_ != nullptr; }

 private:
  // Looked for in one's own partition, at most, to find room for one block.
  static constexpr int kEvictedPerBlockMax = 16;

  bool grow(Instant now);

  CacheStore* store_ = nullptr;
  CachePartition* own_ = nullptr;
  std::uint32_t entry_ = 0;
  std::size_t bytes_max_ = 0;
  std::size_t room_ = 0;  // in the last block
};

}  // namespace headrace::core

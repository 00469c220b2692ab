#include "core/cache/cache_builder.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/copy_short.h"

namespace headrace::core {

CacheBuilder& CacheBuilder::operator=(CacheBuilder&& other) noexcept {
  if (this != &other) {
    drop();
    store_ = std::exchange(other.store_, nullptr);
    own_ = other.own_;
    entry_ = other.entry_;
    bytes_max_ = other.bytes_max_;
    room_ = other.room_;
  }
  return *this;
}

CacheBuilder::Status CacheBuilder::start(CacheStore& store, CachePartition& own,
                                         const CacheKey& key, std::size_t note_bytes,
                                         std::size_t bytes_max, Instant now) {
  HEADRACE_CHECK(store_ == nullptr && key.scope.size() <= kCacheScopeBytesMax &&
                 note_bytes <= kCacheNoteBytesMax);
  const std::uint32_t number = store.memory().take_entry();
  if (number == CacheMemory::kNone) return Status::no_memory;
  store_ = &store;
  own_ = &own;
  entry_ = number;
  bytes_max_ = std::min(bytes_max, store.entry_bytes_max());
  room_ = 0;
  if (!grow(now)) return Status::no_memory;
  CacheEntry& entry = store.memory().entry(number);
  entry.hash = key.hash;
  entry.tag = key.tag;
  entry.length = key.length;
  entry.scope_bytes = static_cast<std::uint16_t>(key.scope.size());
  entry.note_bytes = static_cast<std::uint16_t>(note_bytes);
  copy_short(store.memory().block(entry.first_block), key.scope.data(), key.scope.size());
  room_ -= key.scope.size() + note_bytes;
  return Status::ok;
}

bool CacheBuilder::grow(Instant now) {
  for (int tries = 0; !store_->memory().grow(entry_); ++tries) {
    if (tries == kEvictedPerBlockMax || !own_->evict_one(now)) {
      drop();
      return false;
    }
  }
  room_ = kCacheBlockBytes;
  return true;
}

CacheBuilder::Status CacheBuilder::append(std::span<const std::byte> bytes, Instant now) {
  HEADRACE_CHECK(store_ != nullptr);
  CacheEntry& entry = store_->memory().entry(entry_);
  if (bytes.size() > bytes_max_ - entry.body_bytes) {
    drop();
    return Status::too_large;
  }
  while (!bytes.empty()) {
    if (room_ == 0 && !grow(now)) return Status::no_memory;
    const std::size_t part = std::min(bytes.size(), room_);
    std::memcpy(store_->memory().block(entry.last_block) + kCacheBlockBytes - room_, bytes.data(),
                part);
    room_ -= part;
    entry.body_bytes += static_cast<std::uint32_t>(part);
    bytes = bytes.subspan(part);
  }
  return Status::ok;
}

CacheHold CacheBuilder::finish(std::span<const std::byte> note, Instant stored_at,
                               Instant expires_at) {
  HEADRACE_CHECK(store_ != nullptr);
  CacheMemory& memory = std::exchange(store_, nullptr)->memory();
  CacheEntry& entry = memory.entry(entry_);
  HEADRACE_CHECK(note.size() == entry.note_bytes);
  copy_short(memory.block(entry.first_block) + entry.scope_bytes, note.data(), note.size());
  entry.stored_at = stored_at;
  entry.expires_at = expires_at;
  entry.visited.store(0, std::memory_order_relaxed);
  entry.holders.store(1, std::memory_order_release);
  return CacheHold::adopt(memory, entry_);
}

void CacheBuilder::drop() {
  if (store_ != nullptr) std::exchange(store_, nullptr)->memory().give_back(entry_);
}

}  // namespace headrace::core

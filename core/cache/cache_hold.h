// A receipt for one hold on an entry of the cache: while it lives the entry's bytes stay, whatever
// was evicted meanwhile.
//
// Threads: moved between threads only by handing it over (release_for_handing(), adopt()); what it
//          gives to read may be read by many holders at once.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "core/cache/cache_memory.h"

namespace headrace::core {

class CacheHold {
 public:
  CacheHold() = default;
  // Takes over a hold that somebody else took.
  static CacheHold adopt(CacheMemory& memory, std::uint32_t entry) {
    CacheHold hold;
    hold.memory_ = &memory;
    hold.entry_ = entry;
    return hold;
  }
  CacheHold(CacheHold&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), entry_(other.entry_) {}
  CacheHold& operator=(CacheHold&& other) noexcept {
    if (this != &other) {
      reset();
      memory_ = std::exchange(other.memory_, nullptr);
      entry_ = other.entry_;
    }
    return *this;
  }
  ~CacheHold() { reset(); }

  [[nodiscard]] explicit operator bool() const { return memory_ != nullptr; }
  void reset() {
    if (memory_ != nullptr) std::exchange(memory_, nullptr)->release(entry_);
  }
  // Another hold on the same entry.
  [[nodiscard]] CacheHold again() const;
  // The entry's number; its hold is the caller's from now on, to be given to adopt() elsewhere.
  [[nodiscard]] std::uint32_t release_for_handing() {
    memory_ = nullptr;
    return entry_;
  }

  [[nodiscard]] std::uint32_t number() const { return entry_; }
  [[nodiscard]] Hash128 hash() const { return entry().hash; }
  [[nodiscard]] Instant stored_at() const { return entry().stored_at; }
  [[nodiscard]] Instant expires_at() const { return entry().expires_at; }
  [[nodiscard]] std::size_t body_bytes() const { return entry().body_bytes; }
  // What its maker noted beside the body.
  [[nodiscard]] std::span<const std::byte> note() const;
  [[nodiscard]] std::string_view scope() const;
  // The body from `offset` on, as slices: neighbouring blocks are one. Returns how many were
  // written; less than the rest of the body where there is no room for more.
  std::size_t slices(std::size_t offset, std::span<std::span<const std::byte>> out) const;

 private:
  [[nodiscard]] const CacheEntry& entry() const { return memory_->entry(entry_); }

  CacheMemory* memory_ = nullptr;
  std::uint32_t entry_ = 0;
};

}  // namespace headrace::core

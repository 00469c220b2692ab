// One answer in the cache, as far as it is not bytes: who holds it, by what it is known, where its
// bytes lie.
//
//   blocks   [ scope | note | body ....... ] -> [ body ......... ] -> [ body .. ]
//
// Threads:    memory of an entry is never given back, so a look-up may try to hold one that has
//             gone. `holders` says whether it is there: 0 means that it is free or being filled,
//             and then nobody can come to hold it. Everything below the line is written before the
//             first holder, and read by holders only.
// Invariants: the index holds an entry once, every reader once; who lets go last gives its memory
//             back. So the bytes of an entry that was evicted stay until its slowest reader is
//             done.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/cache/cache_key.h"
#include "core/clock.h"

namespace headrace::core {

struct alignas(64) CacheEntry {
  std::atomic<std::uint32_t> holders;
  std::atomic<std::uint8_t> visited;  // since the hand of its partition came by (sieve_queue.h)
  // --- fixed while it is held ------------------------------------------------------------------
  std::uint16_t scope_bytes;
  std::uint16_t note_bytes;
  Hash128 hash;
  std::array<std::uint64_t, 2> tag;
  std::uint64_t length;
  Instant stored_at;
  Instant expires_at;
  std::uint32_t first_block;
  std::uint32_t last_block;
  std::uint32_t blocks;
  std::uint32_t body_bytes;
};
static_assert(sizeof(CacheEntry) == 128, "two cache lines an entry");

}  // namespace headrace::core

// Finds the shared slot of an identity (a hash), or takes a free one for it: the same slot for
// every shard, every process and every config, so that no reload forgets what was known.
//
// Open addressing over slots that are never given back: the identity is claimed by one
// compare-and-swap. A region has room for thousands; where it is full (or kSlotStepsMax in a row
// are others') there is no slot, and what it was for goes without.
//
// Threads: any number.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace headrace::policy {

inline constexpr std::size_t kSlotStepsMax = 64;

template <class Slot>
[[nodiscard]] Slot* find_slot(std::span<Slot> slots, std::uint64_t identity) {
  if (identity == 0) identity = 1;  // 0 is what a free slot has
  const std::size_t steps = std::min(kSlotStepsMax, slots.size());
  for (std::size_t step = 0; step < steps; ++step) {
    Slot& slot = slots[(identity + step) % slots.size()];
    std::uint64_t owner = slot.owner.load(std::memory_order_acquire);
    if (owner == identity) return &slot;
    if (owner != 0) continue;
    if (slot.owner.compare_exchange_strong(owner, identity, std::memory_order_acq_rel) ||
        owner == identity) {
      return &slot;
    }
  }
  return nullptr;
}

}  // namespace headrace::policy

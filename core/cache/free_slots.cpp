#include "core/cache/free_slots.h"

#include "core/check.h"

namespace headrace::core {

namespace {

constexpr std::uint64_t kSlotMask = 0xFFFF'FFFF;
constexpr std::uint64_t kOneChange = std::uint64_t{1} << 32U;

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

constexpr std::uint32_t slot_in(std::uint64_t head) {
  return static_cast<std::uint32_t>(head & kSlotMask) - 1;  // kNone where it is empty
}

constexpr std::uint64_t changed_head(std::uint64_t head, std::uint32_t slot) {
  return ((head & ~kSlotMask) + kOneChange) | static_cast<std::uint32_t>(slot + 1);
}

}  // namespace

FreeSlots::FreeSlots(const char* purpose, std::uint32_t capacity)
    : memory_(purpose, planned_bytes(capacity)),
      next_(reinterpret_cast<std::atomic<std::uint32_t>*>(memory_.data())),
      capacity_(capacity) {
  HEADRACE_CHECK(capacity < kNone, "slots are numbered by 32 bits, and one number means none");
}

std::size_t FreeSlots::planned_bytes(std::uint32_t capacity) {
  return round_up(std::size_t{capacity} * sizeof(std::atomic<std::uint32_t>), kPageBytes);
}

std::uint32_t FreeSlots::take() {
  std::uint64_t head = head_.load(std::memory_order_acquire);
  for (;;) {
    const std::uint32_t slot = slot_in(head);
    if (slot == kNone) return take_fresh();
    // Another thread may take this slot and link it anew meanwhile: then the head has changed.
    const std::uint32_t after = next_[slot].load(std::memory_order_relaxed);
    if (head_.compare_exchange_weak(head, changed_head(head, after), std::memory_order_acquire,
                                    std::memory_order_acquire)) {
      taken_.fetch_add(1, std::memory_order_relaxed);
      return slot;
    }
  }
}

std::uint32_t FreeSlots::take_fresh() {
  std::uint32_t slot = fresh_.load(std::memory_order_relaxed);
  while (slot < capacity_) {
    if (fresh_.compare_exchange_weak(slot, slot + 1, std::memory_order_relaxed)) {
      taken_.fetch_add(1, std::memory_order_relaxed);
      return slot;
    }
  }
  return kNone;
}

void FreeSlots::give_chain(std::uint32_t first, std::uint32_t last, std::uint32_t count) {
  taken_.fetch_sub(count, std::memory_order_relaxed);
  std::uint64_t head = head_.load(std::memory_order_relaxed);
  do {
    next_[last].store(slot_in(head), std::memory_order_relaxed);
  } while (!head_.compare_exchange_weak(head, changed_head(head, first), std::memory_order_release,
                                        std::memory_order_relaxed));
}

}  // namespace headrace::core

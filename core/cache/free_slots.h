// Which of a fixed number of slots are free: any thread takes and gives back, without locks.
//
// A stack of slot numbers (R. K. Treiber, 1986). Its head carries a count that grows with every
// change, so that a head that was taken off and put back in between is not mistaken for the one
// that was read (the ABA problem): it would take four billion changes within one attempt.
//
//   head   [ count | slot+1 ]        next: slot -> slot -> slot -> none
//
// Slots that were never used stand behind the stack and are touched only when it is empty. While a
// slot is taken its place in `next` is its holder's, to make chains with: a chain goes back in one
// step.
//
// Threads: all functions from any; chains belong to the thread that made them.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/reserved_memory.h"

namespace headrace::core {

class FreeSlots {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // `purpose` is what the memory plan calls it.
  FreeSlots(const char* purpose, std::uint32_t capacity);
  FreeSlots(const FreeSlots&) = delete;
  FreeSlots& operator=(const FreeSlots&) = delete;
  static std::size_t planned_bytes(std::uint32_t capacity);

  // kNone: there is none.
  [[nodiscard]] std::uint32_t take();
  void give(std::uint32_t slot) { give_chain(slot, slot, 1); }
  // `first` leads to `last` by link(), over `count` slots in all.
  void give_chain(std::uint32_t first, std::uint32_t last, std::uint32_t count);

  // Of a slot that is taken.
  void link(std::uint32_t slot, std::uint32_t next) {
    next_[slot].store(next, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t next(std::uint32_t slot) const {
    return next_[slot].load(std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  // Of this moment, while others take and give.
  [[nodiscard]] std::uint32_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::uint32_t take_fresh();

  ReservedMemory memory_;
  std::atomic<std::uint32_t>* next_;
  std::uint32_t capacity_;
  alignas(64) std::atomic<std::uint64_t> head_{0};
  std::atomic<std::uint32_t> fresh_{0};  // slots from here on were never used
  std::atomic<std::uint32_t> taken_{0};
};

}  // namespace headrace::core

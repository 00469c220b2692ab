// A pool of at most `capacity` objects of one type, built in place, with handles that can tell
// that their object is gone.
//
// Memory:     reserved once; a slot that was never used is never touched. Slots are reused last in,
//             first out, so that they stay hot.
// Threads:    belongs to one shard. A Handle is a value and may travel; only the owner looks it up.
// Invariants: a handle finds its object until that is destroyed and never any other one (a slot
//             would have to be reused 2^31 times). A pool that dies with objects in use is a fatal
//             error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/check.h"
#include "core/memory_poison.h"
#include "core/reserved_memory.h"

namespace headrace::core {

// Names an object of a SlotPool<T> without keeping it alive. The default one names nothing.
template <class T>
struct Handle {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;  // odd while in use: 0 is never alive

  [[nodiscard]] explicit operator bool() const { return generation != 0; }
  friend bool operator==(Handle, Handle) = default;
};

template <class T>
class SlotPool {
 public:
  // `name` is what messages and the memory plan call it; it must outlive the pool.
  SlotPool(const char* name, std::uint32_t capacity)
      : name_(name), memory_(name, planned_bytes(capacity)), capacity_(capacity) {}
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;
  ~SlotPool() { HEADRACE_CHECK(in_use_ == 0, "a pool died before its objects"); }

  static std::size_t planned_bytes(std::uint32_t capacity) {
    return round_up(std::size_t{capacity} * sizeof(Slot), kPageBytes);
  }

  // nullptr when the pool is full.
  template <class... Args>
  [[nodiscard]] T* make(Args&&... args) {
    const std::uint32_t index = take_index();
    if (index == kNoSlot) return nullptr;
    Slot& slot = slots()[index];
    ++slot.generation;
    ++in_use_;
    unpoison_memory(slot.storage, sizeof(T));
    if constexpr (sizeof...(Args) == 0) {
      // Not T(): that would fill an object without a constructor of its own with zeros first.
      return ::new (static_cast<void*>(slot.storage)) T;
    } else {
      return std::construct_at(reinterpret_cast<T*>(slot.storage), std::forward<Args>(args)...);
    }
  }

  void destroy(T& object) {
    const std::uint32_t index = index_of(object);
    Slot& slot = slots()[index];
    HEADRACE_CHECK((slot.generation & 1U) == 1, "an object of a pool was destroyed twice");
    std::destroy_at(&object);
    poison_memory(slot.storage, sizeof(T));
    ++slot.generation;
    slot.next_free = first_free_;
    first_free_ = index;
    --in_use_;
  }

  // nullptr when the object is gone, or the handle never named one of this pool.
  [[nodiscard]] T* find(Handle<T> handle) {
    if (handle.index >= fresh_ || (handle.generation & 1U) == 0) return nullptr;
    Slot& slot = slots()[handle.index];
    return slot.generation == handle.generation ? object_in(slot) : nullptr;
  }
  [[nodiscard]] Handle<T> handle_of(const T& object) const {
    const std::uint32_t index = index_of(object);
    return {index, slots()[index].generation};
  }

  // Every object in use, in order of slots. `visit` takes a T& and may destroy that object only.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::uint32_t index = 0; index < fresh_; ++index) {
      Slot& slot = slots()[index];
      if ((slot.generation & 1U) == 1) visit(*object_in(slot));
    }
  }

  [[nodiscard]] const char* name() const { return name_; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint32_t in_use() const { return in_use_; }
  [[nodiscard]] bool full() const { return in_use_ == capacity_; }

 private:
  static constexpr std::uint32_t kNoSlot = UINT32_MAX;

  struct Slot {
    alignas(T) std::byte storage[sizeof(T)];  // first, so that a T& leads to its slot
    std::uint32_t generation;
    std::uint32_t next_free;
  };

  [[nodiscard]] Slot* slots() const { return reinterpret_cast<Slot*>(memory_.data()); }
  static T* object_in(Slot& slot) { return std::launder(reinterpret_cast<T*>(slot.storage)); }

  [[nodiscard]] std::uint32_t index_of(const T& object) const {
    const auto* slot = reinterpret_cast<const Slot*>(&object);
    HEADRACE_CHECK(slot >= slots() && slot < slots() + fresh_, "an object of another pool");
    return static_cast<std::uint32_t>(slot - slots());
  }

  std::uint32_t take_index() {
    if (first_free_ != kNoSlot) {
      const std::uint32_t index = first_free_;
      first_free_ = slots()[index].next_free;
      return index;
    }
    return fresh_ < capacity_ ? fresh_++ : kNoSlot;
  }

  const char* name_;
  ReservedMemory memory_;
  std::uint32_t capacity_;
  std::uint32_t in_use_ = 0;
  std::uint32_t fresh_ = 0;  // slots from here on were never used
  std::uint32_t first_free_ = kNoSlot;
};

}  // namespace headrace::core

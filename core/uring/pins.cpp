#include "core/uring/pins.h"

#include "core/uring/buffer_ring.h"

namespace headrace::core::uring {

void Pins::add(List& list, BufferRing& ring, const void* address) {
  List place = free_;
  if (place == kNone) {
    place = static_cast<List>(entries_.size());
    entries_.emplace_back();
  } else {
    free_ = entries_[static_cast<std::size_t>(place)].next;
  }
  entries_[static_cast<std::size_t>(place)] = {
      .ring = &ring, .buffer = ring.pin(address), .next = list};
  list = place;
}

void Pins::release(List list) {
  while (list != kNone) {
    Entry& entry = entries_[static_cast<std::size_t>(list)];
    entry.ring->unpin(entry.buffer);
    const List next = entry.next;
    entry.next = free_;
    free_ = list;
    list = next;
  }
}

}  // namespace headrace::core::uring

#include "bench/relay/lease_queue.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace headrace::bench {

LeasePlaces::LeasePlaces(std::size_t buffers) : places_(buffers) {
  for (std::size_t i = 0; i < buffers; ++i)
    places_[i].next = static_cast<std::uint32_t>(i + 1);
}

void LeaseQueue::push(core::BufferLease lease) {
  const std::uint32_t place = places_.free_;
  HEADRACE_CHECK(place < places_.places_.size(), "more leases than buffers");
  LeasePlaces::Place& entry = places_.places_[place];
  places_.free_ = entry.next;
  entry.lease = std::move(lease);
  if (size_ == 0) {
    first_ = place;
  } else {
    places_.places_[last_].next = place;
  }
  last_ = place;
  ++size_;
}

std::size_t LeaseQueue::gather(std::span<iovec> slices) const {
  const std::size_t count = std::min<std::size_t>(size_, slices.size());
  std::uint32_t place = first_;
  for (std::size_t i = 0; i < count; ++i) {
    const LeasePlaces::Place& entry = places_.places_[place];
    slices[i] = {.iov_base = entry.lease.data(), .iov_len = entry.lease.size()};
    place = entry.next;
  }
  return count;
}

void LeaseQueue::drop(std::size_t count) {
  for (; count > 0; --count) {
    LeasePlaces::Place& entry = places_.places_[first_];
    entry.lease.reset();
    const std::uint32_t next = entry.next;
    entry.next = places_.free_;
    places_.free_ = first_;
    first_ = next;
    --size_;
  }
}

}  // namespace headrace::bench

// Received buffers in order of arrival. All queues share one planned set of places, as many as
// there are buffers: a burst may hand one connection dozens of them within a turn, while most
// connections hold none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "core/buffer_lease.h"

namespace headrace::bench {

class LeasePlaces {
 public:
  explicit LeasePlaces(std::size_t buffers);

 private:
  friend class LeaseQueue;
  struct Place {
    core::BufferLease lease;
    std::uint32_t next;
  };
  std::vector<Place> places_;
  std::uint32_t free_ = 0;
};

class LeaseQueue {
 public:
  explicit LeaseQueue(LeasePlaces& places) : places_(places) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  void push(core::BufferLease lease);
  // The oldest, up to the number of `slices`. Returns how many were filled in.
  std::size_t gather(std::span<iovec> slices) const;
  // Gives the oldest `count` back.
  void drop(std::size_t count);

 private:
  LeasePlaces& places_;
  std::uint32_t first_ = 0;
  std::uint32_t last_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace headrace::bench

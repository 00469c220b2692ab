// Which receive buffers an operation in flight reads from: short lists in one planned table, so
// that an Op needs only a number for it.
//
// Threads: one shard's. Lifetime: a list lives from the send to its final completion.
#pragma once

#include <cstdint>
#include <vector>

namespace headrace::core::uring {

class BufferRing;

class Pins {
 public:
  using List = std::int32_t;
  static constexpr List kNone = -1;

  explicit Pins(std::size_t capacity) { entries_.reserve(capacity); }

  // Pins the buffer of `ring` in which `address` lies, and puts it on the list.
  void add(List& list, BufferRing& ring, const void* address);
  void release(List list);

 private:
  struct Entry {
    BufferRing* ring;
    std::uint32_t buffer;
    List next;
  };

  std::vector<Entry> entries_;
  List free_ = kNone;
};

}  // namespace headrace::core::uring

// Planned memory for bodies that are held whole: contiguous padded buffers by size class, under one
// bound for all shards together.
//
// Memory:  each class of a pool reserves address space; pages come when they are touched. A buffer
//          that was given back keeps its pages and is the next one handed out of its class (last
//          in, first out), until release_idle() returns them to the kernel. What the budget counts
//          is every buffer with pages, in use or kept, at its class's size.
// Threads: a BodyPool belongs to one shard; the BodyBudget is shared by all (one atomic word, not
//          touched when a kept buffer is reused).
// Errors:  exhaustion is an answer (an empty lease): the request is refused, nothing dies. A buffer
//          given back twice, or a pool that dies with buffers leased, is a fatal error.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer_lease.h"
#include "core/clock.h"
#include "core/reserved_memory.h"

namespace headrace::core {

// How many bytes the bodies of all shards may take together.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  [[nodiscard]] bool take(std::size_t bytes);
  void give_back(std::size_t bytes);
  // Tells the other shards to release what they keep but do not use.
  void ask_for_release() { release_asked_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t releases_asked() const {
    return release_asked_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }
  [[nodiscard]] std::size_t bytes_taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  const std::size_t bytes_max_;
  alignas(64) std::atomic<std::size_t> taken_{0};
  std::atomic<std::uint32_t> release_asked_{0};
};

class BodyPool final : public BufferSource {
 public:
  // Bodies of up to body_bytes_max. The budget must outlive the pool and be at least one buffer of
  // the largest class.
  BodyPool(BodyBudget& budget, std::size_t body_bytes_max);
  BodyPool(const BodyPool&) = delete;
  BodyPool& operator=(const BodyPool&) = delete;
  ~BodyPool();

  // The smallest class, and the classes double from there.
  static constexpr std::size_t kSmallestBytes = std::size_t{16} * 1024;

  // A buffer of at least `bytes` (the lease's size is its class's whole room). Empty when larger
  // than body_bytes_max or when the budget is used up.
  [[nodiscard]] BufferLease take(std::size_t bytes);
  // For bodies whose length shows only as they come: moves the first `used` bytes into a buffer of
  // at least `bytes` and gives the old one back. On exhaustion returns an empty lease and leaves
  // `from` as it was. Doubling copies each byte once on average.
  [[nodiscard]] BufferLease grow(BufferLease& from, std::size_t used, std::size_t bytes);
  void give_back(std::uint32_t index) noexcept override;

  // Housekeeping, about once a second: returns the pages of buffers that lay idle since before the
  // last call (all idle ones when another shard asked), stopping at `bytes_max`.
  void release_idle(std::size_t bytes_max);

  [[nodiscard]] std::size_t body_bytes_max() const { return body_bytes_max_; }
  [[nodiscard]] std::uint32_t in_use() const { return in_use_; }
  // Bytes with pages: in use, and kept for reuse.
  [[nodiscard]] std::size_t bytes_in_use() const { return bytes_in_use_; }
  [[nodiscard]] std::size_t bytes_kept() const { return bytes_kept_; }

 private:
  struct SizeClass {
    std::size_t bytes = 0;
    std::size_t stride_bytes = 0;
    std::uint32_t slots = 0;
    std::uint32_t fresh = 0;  // slots from here on were never used
    ReservedMemory memory;
    std::vector<std::uint32_t> kept;  // free, with pages; the last one is the hottest
    std::size_t kept_low = 0;         // fewest kept since the last release_idle()
    std::vector<std::uint32_t> bare;  // free, without pages
    std::vector<bool> leased;         // per slot
    [[nodiscard]] std::byte* buffer(std::uint32_t slot) const {
      return memory.data() + slot * stride_bytes + kBufferHeadroom;
    }
  };

  [[nodiscard]] BufferLease lease(unsigned class_index, std::uint32_t slot);
  bool take_from_budget(std::size_t bytes);
  // Gives the pages of the buffers kept longest back to the kernel.
  void release_coldest(SizeClass& size_class, std::size_t count);

  BodyBudget& budget_;
  std::size_t body_bytes_max_;
  std::vector<SizeClass> classes_;
  std::uint32_t in_use_ = 0;
  std::uint32_t releases_seen_ = 0;
  std::size_t bytes_in_use_ = 0;
  std::size_t bytes_kept_ = 0;
};

}  // namespace headrace::core

// Provided buffers: memory that the kernel fills on arrival, and that is leased out until dropped.
//
//   one buffer:  | headroom (1 KiB) | bytes for the kernel | padding (64 B) |   x buffers
//                ^ stride * index   ^ what a lease names
//
// The kernel takes buffers in the order in which it got them, so it walks through all that it has:
// memory that long fell out of the caches, and that an idle process never needed to touch. It is
// given no more than it needs, the stock, and always those that were used last. The stock doubles
// when the kernel finds it empty, and shrinks again where much of it was never taken.
//
// Threads:    one shard's, as its Io.
// Invariants: free + the kernel's + leased == all. A buffer is the kernel's, free, or leased. A
// buffer that an operation in flight reads from is pinned, and giving it
//             back then is fatal.
//             With sanitizers, the bytes of a buffer that is not leased are poisoned.
// Errors:     make() returns -errno; ENOBUFS is the caller's to see in a completion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <liburing.h>

#include "core/buffer_lease.h"

namespace headrace::core::uring {

class BufferRing final : public BufferSource {
 public:
  BufferRing() = default;
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  // `buffers` is a power of two, at most 32768. Registered with the ring under `group`.
  int make(io_uring& ring, std::uint16_t group, std::uint32_t buffers, std::uint32_t buffer_bytes);

  // The buffer that a completion names, as received.
  [[nodiscard]] BufferLease lease(std::uint16_t index, std::size_t size);
  void give_back(std::uint32_t index) noexcept override;
  // Fills up the kernel's stock. Once a turn.
  void publish();
  // After a receive ended with -ENOBUFS: a larger stock, at once. True: there is one for it. False:
  // as many receives as there are buffers were told so in this turn.
  [[nodiscard]] bool replenish();

  [[nodiscard]] bool contains(const void* address) const {
    return reinterpret_cast<std::uintptr_t>(address) - begin_ < bytes_;
  }
  // For addresses that contains() says are ours.
  std::uint32_t pin(const void* address);
  void unpin(std::uint32_t index);

  [[nodiscard]] std::size_t leased() const { return leased_; }
  static std::size_t planned_bytes(std::uint32_t buffers, std::uint32_t buffer_bytes);

 private:
  static constexpr std::uint16_t kLeased = 0x8000;  // in states_, beside the number of pins

  // The least stock: in buffers, and where these are large, in bytes.
  static constexpr std::uint32_t kStockMin = 16;
  static constexpr std::uint32_t kStockMinBytes = 128 * 1024;
  // So many turns are looked at before the stock shrinks.
  static constexpr std::uint32_t kTurnsJudged = 4096;

  [[nodiscard]] std::byte* start(std::uint32_t index) const { return memory_ + index * stride_; }
  void hand_over(std::uint16_t index);
  void fill_up();
  void judge_stock();

  io_uring_buf_ring* entries_ = nullptr;  // shared with the kernel
  std::byte* memory_ = nullptr;
  std::uintptr_t begin_ = 0;
  std::size_t bytes_ = 0;
  std::size_t stride_ = 0;
  std::uint32_t buffers_ = 0;
  std::uint32_t buffer_bytes_ = 0;
  std::uint32_t leased_ = 0;
  std::uint32_t at_kernel_ = 0;  // handed over, not seen in a completion yet
  std::uint32_t stock_min_ = 0;
  std::uint32_t stock_ = 0;        // how many the kernel shall have
  std::uint32_t never_taken_ = 0;  // of the stock, in the turns since it was last judged
  std::uint32_t turns_ = 0;
  std::uint32_t promised_ = 0;  // in this turn, by replenish()
  std::uint16_t tail_ = 0;      // entries filled in
  std::vector<std::uint16_t> states_;
  std::vector<std::uint16_t> free_;  // the one used last is at the end
};

}  // namespace headrace::core::uring

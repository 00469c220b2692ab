// A pool of raw memory blocks of one size, handed out as BufferLease: for heads, plaintext and the
// first pieces of bodies.
//
// Memory:  reserved once; a block that was never used is never touched. Reused last in, first out,
//          so that blocks stay hot. Each has kBufferHeadroom before and kBufferPadding behind it,
//          as every lease promises.
// Threads: belongs to one shard.
// Errors:  exhaustion is an answer (an empty lease). A block given back twice, or a pool that dies
//          with blocks leased, is a fatal error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/buffer_lease.h"
#include "core/reserved_memory.h"

namespace headrace::core {

class BlockPool final : public BufferSource {
 public:
  // `name` must outlive the pool.
  BlockPool(const char* name, std::size_t block_bytes, std::uint32_t capacity);
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  static std::size_t planned_bytes(std::size_t block_bytes, std::uint32_t capacity);

  // The whole block; cut it with BufferLease::shrink(). Empty when no block is free.
  [[nodiscard]] BufferLease take();
  void give_back(std::uint32_t index) noexcept override;

  [[nodiscard]] std::size_t block_bytes() const { return block_bytes_; }
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint32_t in_use() const { return in_use_; }

 private:
  [[nodiscard]] std::byte* block(std::uint32_t index) const;

  std::size_t block_bytes_;
  std::size_t stride_bytes_;
  std::uint32_t capacity_;
  std::uint32_t in_use_ = 0;
  std::uint32_t fresh_ = 0;  // blocks from here on were never used
  std::uint32_t first_free_;
  std::vector<std::uint32_t> next_free_;  // per block; apart, so that free blocks are not touched
  ReservedMemory memory_;
};

}  // namespace headrace::core

#include "core/block_pool.h"

#include "core/check.h"
#include "core/memory_poison.h"
#include "core/planted_bug.h"

namespace headrace::core {

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::uint32_t kLeased = UINT32_MAX - 1;

std::size_t stride_of(std::size_t block_bytes) {
  return round_up(kBufferHeadroom + block_bytes + kBufferPadding, 64);
}

}  // namespace

BlockPool::BlockPool(const char* name, std::size_t block_bytes, std::uint32_t capacity)
    : block_bytes_(block_bytes),
      stride_bytes_(stride_of(block_bytes)),
      capacity_(capacity),
      first_free_(kNone),
      next_free_(capacity, kNone),
      memory_(name, planned_bytes(block_bytes, capacity)) {
  HEADRACE_CHECK(capacity < kLeased);
  HEADRACE_CHECK(block_bytes > 0);
}

BlockPool::~BlockPool() {
  HEADRACE_CHECK(in_use_ == 0, "a pool died before its blocks were given back");
}

std::size_t BlockPool::planned_bytes(std::size_t block_bytes, std::uint32_t capacity) {
  return round_up(stride_of(block_bytes) * capacity, kPageBytes);
}

std::byte* BlockPool::block(std::uint32_t index) const {
  return memory_.data() + index * stride_bytes_ + kBufferHeadroom;
}

BufferLease BlockPool::take() {
  std::uint32_t index = first_free_;
  if (index != kNone) {
    first_free_ = next_free_[index];
  } else if (fresh_ < capacity_) {
    index = fresh_++;
  } else {
    return {};
  }
  next_free_[index] = kLeased;
  ++in_use_;
  unpoison_memory(block(index) - kBufferHeadroom, stride_bytes_);
  return {*this, index, block(index), block_bytes_};
}

void BlockPool::give_back(std::uint32_t index) noexcept {
  HEADRACE_CHECK(index < fresh_);
  HEADRACE_CHECK(next_free_[index] == kLeased, "a block was given back twice");
  if (planted(PlantedBug::block_leaked) && index == 1) return;
  next_free_[index] = first_free_;
  first_free_ = index;
  --in_use_;
  poison_memory(block(index) - kBufferHeadroom, stride_bytes_);
}

}  // namespace headrace::core

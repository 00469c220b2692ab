#include "core/uring/buffer_ring.h"

#include <algorithm>
#include <atomic>
#include <cerrno>

#include <sys/mman.h>

#include "core/check.h"
#include "core/memory_poison.h"

namespace headrace::core::uring {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t stride_of(std::uint32_t buffer_bytes) {
  const std::size_t bytes = kBufferHeadroom + buffer_bytes + kBufferPadding;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

void* map(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

BufferRing::~BufferRing() {
  HEADRACE_CHECK(leased_ == 0, "a buffer lease outlived its Io");
  if (memory_ != nullptr) {
    unpoison_memory(memory_, bytes_);
    munmap(memory_, bytes_);
  }
  if (entries_ != nullptr) munmap(entries_, buffers_ * sizeof(io_uring_buf));
}

int BufferRing::make(io_uring& ring, std::uint16_t group, std::uint32_t buffers,
                     std::uint32_t buffer_bytes) {
  buffers_ = buffers;
  buffer_bytes_ = buffer_bytes;
  stride_ = stride_of(buffer_bytes);
  bytes_ = stride_ * buffers;
  entries_ = static_cast<io_uring_buf_ring*>(map(buffers * sizeof(io_uring_buf)));
  memory_ = static_cast<std::byte*>(map(bytes_));
  if (entries_ == nullptr || memory_ == nullptr) return -ENOMEM;
  begin_ = reinterpret_cast<std::uintptr_t>(memory_);
  states_.assign(buffers, 0);

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries_);
  registration.ring_entries = buffers;
  registration.bgid = group;
  if (const int outcome = io_uring_register_buf_ring(&ring, &registration, 0); outcome < 0) {
    return outcome;
  }
  poison_memory(memory_, bytes_);
  free_.reserve(buffers);
  for (std::uint32_t i = buffers; i > 0; --i)
    free_.push_back(static_cast<std::uint16_t>(i - 1));
  stock_min_ = std::min(std::max(kStockMinBytes / buffer_bytes, std::uint32_t{1}), kStockMin);
  stock_min_ = std::min(stock_min_, buffers);
  never_taken_ = stock_ = stock_min_;
  publish();
  return 0;
}

BufferLease BufferRing::lease(std::uint16_t index, std::size_t size) {
  HEADRACE_CHECK(index < buffers_, "the kernel named a buffer that is not there");
  HEADRACE_CHECK(size <= buffer_bytes_, "the kernel filled more than the buffer");
  HEADRACE_CHECK(states_[index] == 0, "the kernel filled a buffer that was leased");
  states_[index] = kLeased;
  ++leased_;
  --at_kernel_;
  unpoison_memory(start(index), stride_);
  return BufferLease(*this, index, start(index) + kBufferHeadroom, size);
}

void BufferRing::give_back(std::uint32_t index) noexcept {
  HEADRACE_CHECK((states_[index] & kLeased) != 0, "a buffer was given back twice");
  HEADRACE_CHECK(states_[index] == kLeased,
                 "a buffer was given back while an operation in flight read from it");
  states_[index] = 0;
  --leased_;
  poison_memory(start(index), stride_);
  free_.push_back(static_cast<std::uint16_t>(index));
}

void BufferRing::publish() {
  promised_ = 0;
  never_taken_ = std::min(never_taken_, at_kernel_);
  if (++turns_ == kTurnsJudged) judge_stock();
  fill_up();
}

void BufferRing::fill_up() {
  if (at_kernel_ >= stock_ || free_.empty()) return;
  const std::uint32_t count =
      std::min(stock_ - at_kernel_, static_cast<std::uint32_t>(free_.size()));
  for (std::uint32_t i = 0; i < count; ++i) {
    hand_over(free_.back());
    free_.pop_back();
  }
  at_kernel_ += count;
  std::atomic_ref<std::uint16_t>(entries_->tail).store(tail_, std::memory_order_release);
}

void BufferRing::hand_over(std::uint16_t index) {
  // The entries are an array that begins where the header does; the header's tail lies in the
  // unused part of entry 0, so each field is written by itself.
  auto* entry = reinterpret_cast<io_uring_buf*>(entries_) + (tail_ & (buffers_ - 1));
  entry->addr = reinterpret_cast<std::uintptr_t>(start(index) + kBufferHeadroom);
  entry->len = buffer_bytes_;
  entry->bid = index;
  ++tail_;
}

bool BufferRing::replenish() {
  if (promised_ >= at_kernel_ && !free_.empty()) {
    stock_ = std::min(stock_ * 2, buffers_);
    never_taken_ = 0;
    turns_ = 0;
    fill_up();
  }
  if (promised_ >= at_kernel_) return false;
  ++promised_;
  return true;
}

void BufferRing::judge_stock() {
  turns_ = 0;
  stock_ = std::max(stock_ - std::min(never_taken_ / 2, stock_), stock_min_);
  never_taken_ = stock_;
}

std::uint32_t BufferRing::pin(const void* address) {
  const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(address) - begin_;
  const auto index = static_cast<std::uint32_t>(offset / stride_);
  HEADRACE_CHECK((states_[index] & kLeased) != 0, "bytes of a buffer that is not leased were sent");
  HEADRACE_CHECK(states_[index] != 0xffff, "a buffer is pinned too often");
  ++states_[index];
  return index;
}

void BufferRing::unpin(std::uint32_t index) {
  HEADRACE_CHECK(states_[index] > kLeased, "a buffer was unpinned that was not pinned");
  --states_[index];
}

std::size_t BufferRing::planned_bytes(std::uint32_t buffers, std::uint32_t buffer_bytes) {
  return buffers * (stride_of(buffer_bytes) + sizeof(io_uring_buf) + 2 * sizeof(std::uint16_t));
}

}  // namespace headrace::core::uring

// A lease on a receive buffer: move-only, gives itself back when dropped.
//
// Threads:    a lease belongs to the shard whose Io issued it, and never leaves it.
// Invariants: a buffer that an operation in flight still reads from cannot be given back early:
//             the Io pins it from send() to the completion, and dropping the last lease of a
//             pinned buffer is a fatal error.
//             `kBufferPadding` bytes behind data()+size() may be read (not relied on), as simdjson
//             needs. `kBufferHeadroom` bytes before the start of the buffer may be written by the
//             lease's holder: room to put a rewritten head directly before a body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/check.h"

namespace headrace::core {

inline constexpr std::size_t kBufferPadding = 64;
inline constexpr std::size_t kBufferHeadroom = 1024;

// What issued the buffer and takes it back. One per pool of buffers.
class BufferSource {
 public:
  virtual void give_back(std::uint32_t index) noexcept = 0;

 protected:
  ~BufferSource() = default;
};

class BufferLease {
 public:
  BufferLease() = default;
  BufferLease(BufferSource& source, std::uint32_t index, std::byte* data, std::size_t size)
      : source_(&source), data_(data), size_(static_cast<std::uint32_t>(size)), index_(index) {}
  BufferLease(BufferLease&& other) noexcept
      : source_(std::exchange(other.source_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        index_(other.index_) {}
  BufferLease& operator=(BufferLease&& other) noexcept {
    if (this != &other) {
      reset();
      source_ = std::exchange(other.source_, nullptr);
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
      index_ = other.index_;
    }
    return *this;
  }
  ~BufferLease() { reset(); }

  [[nodiscard]] explicit operator bool() const { return source_ != nullptr; }
  // What was received. Writable: the holder may rewrite it in place.
  [[nodiscard]] std::span<std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // Cuts off what lies behind the first `size` bytes; never grows.
  void shrink(std::size_t size) {
    HEADRACE_CHECK(size <= size_, "a lease was shrunk to more than it holds");
    size_ = static_cast<std::uint32_t>(size);
  }

  // Keeps only a part of what it holds. What lies before the part counts as headroom, what lies
  // behind it as padding.
  void narrow(std::size_t offset, std::size_t size) {
    HEADRACE_CHECK(offset <= size_ && size <= size_ - offset, "a lease was narrowed beyond itself");
    data_ += offset;
    size_ = static_cast<std::uint32_t>(size);
  }

  void reset() noexcept {
    if (source_ != nullptr) std::exchange(source_, nullptr)->give_back(index_);
    data_ = nullptr;
    size_ = 0;
  }

 private:
  BufferSource* source_ = nullptr;
  std::byte* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t index_ = 0;
};

}  // namespace headrace::core

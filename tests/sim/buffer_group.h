// Provided receive buffers of a simulated Io, with what goes wrong made visible: a buffer that was
// given back is overwritten at once, so that whoever still reads from it reads nonsense.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "core/buffer_lease.h"
#include "core/check.h"
#include "core/memory_poison.h"

namespace headrace::sim {

class BufferGroup final : public core::BufferSource {
 public:
  BufferGroup(std::uint32_t count, std::uint32_t bytes)
      : bytes_(bytes),
        stride_(core::kBufferHeadroom + bytes + core::kBufferPadding),
        memory_(new std::byte[stride_ * count]),
        leased_(count, false),
        pins_(count, 0) {
    for (std::uint32_t i = 0; i < count; ++i)
      free_.push_back(i);
  }

  [[nodiscard]] bool empty() const { return free_.empty(); }
  [[nodiscard]] std::size_t buffer_bytes() const { return bytes_; }
  [[nodiscard]] std::size_t leased() const { return leased_count_; }

  core::BufferLease take(std::size_t bytes) {
    const std::uint32_t index = free_.front();
    free_.erase(free_.begin());
    leased_[index] = true;
    ++leased_count_;
    return {*this, index, data(index), bytes};
  }

  void give_back(std::uint32_t index) noexcept override {
    HEADRACE_CHECK(leased_[index], "a buffer was given back twice");
    HEADRACE_CHECK(pins_[index] == 0, "a buffer was given back while the kernel reads from it");
    leased_[index] = false;
    --leased_count_;
    std::memset(memory_.get() + index * stride_, 0xdd, stride_);
    free_.push_back(index);
  }

  // A send from these bytes begins or ends.
  void pin(const std::byte* bytes, bool pinned) {
    if (bytes < memory_.get() || bytes >= memory_.get() + stride_ * leased_.size()) return;
    const auto index = static_cast<std::size_t>(bytes - memory_.get()) / stride_;
    HEADRACE_CHECK(leased_[index], "a send from a buffer that is not leased");
    pinned ? ++pins_[index] : --pins_[index];
  }

 private:
  [[nodiscard]] std::byte* data(std::uint32_t index) const {
    return memory_.get() + index * stride_ + core::kBufferHeadroom;
  }

  std::size_t bytes_;
  std::size_t stride_;
  std::unique_ptr<std::byte[]> memory_;
  std::vector<bool> leased_;
  std::vector<std::uint32_t> pins_;
  std::vector<std::uint32_t> free_;
  std::size_t leased_count_ = 0;
};

}  // namespace headrace::sim

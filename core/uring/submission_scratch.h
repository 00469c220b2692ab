// Memory for what submissions point to (addresses, message headers, vectors) between the moment
// they are queued and the moment the kernel takes them. Used from the start again every turn, so
// that it stays hot.
#pragma once

#include <cstddef>
#include <memory>

namespace headrace::core::uring {

class SubmissionScratch {
 public:
  static constexpr std::size_t kBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kAlignment = 16;

  [[nodiscard]] bool has(std::size_t bytes) const { return kBytes - used_ >= bytes; }
  // Only what has() said is there.
  template <class T>
  T* take(std::size_t count = 1) {
    static_assert(alignof(T) <= kAlignment);
    std::byte* place = memory_.get() + used_;
    used_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return new (place) T[count];
  }
  // The kernel has taken every submission.
  void reset() { used_ = 0; }

 private:
  std::unique_ptr<std::byte[]> memory_ = std::make_unique_for_overwrite<std::byte[]>(kBytes);
  std::size_t used_ = 0;
};

}  // namespace headrace::core::uring

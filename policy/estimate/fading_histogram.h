// Counts in buckets, of which the old ones fade: when there are `most` of them, all are halved.
//
// Threads:    plain data.
// Invariants: no bucket from `end_` on has anything, so that nobody looks through the empty ones.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace headrace::policy {

template <std::size_t kBuckets>
class FadingHistogram {
 public:
  explicit FadingHistogram(std::uint32_t most) : most_(most) {}

  void add(std::size_t bucket) {
    ++counts_[bucket];
    end_ = std::max(end_, static_cast<std::uint32_t>(bucket) + 1);
    if (++total_ >= most_) fade();
  }
  [[nodiscard]] std::uint32_t total() const { return total_; }

  // The bucket that the share (in hundredths of a percent) is not above, or kBuckets where it lies
  // among so many that are presumed above all that were counted.
  [[nodiscard]] std::size_t quantile_bucket(std::uint32_t presumed, std::uint32_t quantile) const {
    // How many may lie above.
    std::uint64_t above = std::uint64_t{total_ + presumed} * (10'000 - quantile) / 10'000;
    if (above < presumed) return kBuckets;
    above -= presumed;
    std::size_t bucket = end_;
    while (bucket > 0 && counts_[bucket - 1] <= above)
      above -= counts_[--bucket];
    return bucket == 0 ? 0 : bucket - 1;
  }

 private:
  void fade() {
    total_ = 0;
    for (std::uint16_t& count : counts_) {
      count /= 2;
      total_ += count;
    }
    while (end_ > 0 && counts_[end_ - 1] == 0)
      --end_;
  }

  std::uint32_t most_;
  std::uint32_t total_ = 0;
  std::uint32_t end_ = 0;
  std::array<std::uint16_t, kBuckets> counts_{};
};

}  // namespace headrace::policy

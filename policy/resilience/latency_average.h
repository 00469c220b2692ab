// A moving average of how long a target takes to its first byte, by which routes choose the
// quickest. An average that nobody has added to is worth less and less, so that a target that was
// once slow is tried again.
//
// Threads: one shard.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/clock.h"

namespace headrace::policy {

class LatencyAverage {
 public:
  static constexpr core::Duration kHalfLife = std::chrono::seconds(10);

  void add(core::Duration sample, core::Instant now) {
    const std::int64_t us = std::max<std::int64_t>(sample.count() / 1000, 1);
    value_us_ = value_us_ == 0 ? us : value_us_ + (us - value_us_) / 8;
    at_ = now;
  }
  // 0: nothing is known.
  [[nodiscard]] std::uint64_t micros(core::Instant now) const {
    const auto halvings = std::clamp<std::int64_t>((now - at_) / kHalfLife, 0, 62);
    return static_cast<std::uint64_t>(value_us_ >> halvings);
  }

 private:
  std::int64_t value_us_ = 0;
  core::Instant at_{};
};

}  // namespace headrace::policy

// A histogram of durations or sizes with fixed memory and a bounded relative error, after
// HdrHistogram: exact up to 127, then 64 equal steps per doubling, so a value is told within 1/64
// (1.6 %). Values reach 2^40 - 1 (18 minutes in nanoseconds); larger ones are counted as that.
//
// Threads: one writer; any thread may read or merge from it meanwhile (each count whole, no two of
//          one moment). Holds no pointers and may live in shared memory.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/counters.h"

namespace headrace::core {

class Histogram {
 public:
  static constexpr unsigned kStepBits = 6;
  static constexpr unsigned kValueBits = 40;
  static constexpr std::uint64_t kValueMax = (std::uint64_t{1} << kValueBits) - 1;
  // The first two groups of 64 hold the values below 128 one by one.
  static constexpr std::size_t kBuckets = (kValueBits - kStepBits + 1) << kStepBits;

  void record(std::uint64_t value) { record(value, 1); }
  void record(std::uint64_t value, std::uint64_t times) {
    if (value > kValueMax) value = kValueMax;
    buckets_[bucket_of(value)].add(times);
    sum_.add(value * times);
    if (static_cast<std::int64_t>(value) > maximum_.value()) {
      maximum_.set(static_cast<std::int64_t>(value));
    }
  }

  // Adds what the other one holds. This one's writer calls it.
  void merge(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] std::uint64_t sum() const { return sum_.value(); }
  [[nodiscard]] std::uint64_t maximum() const {
    return static_cast<std::uint64_t>(maximum_.value());
  }
  // The value that a share of `quantile` (0 to 1) of all values does not exceed: the upper end of
  // its step, at most the maximum. 0 when empty.
  [[nodiscard]] std::uint64_t quantile(double quantile) const;
  // How many values were at most `value`, to the precision of a step; for cumulative buckets.
  [[nodiscard]] std::uint64_t count_up_to(std::uint64_t value) const;

  static constexpr std::size_t bucket_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kStepBits + 1) return static_cast<std::size_t>(value);
    const unsigned shift = width - kStepBits - 1;
    return (std::size_t{shift} << kStepBits) + static_cast<std::size_t>(value >> shift);
  }
  // The largest value that falls into a bucket.
  static constexpr std::uint64_t bucket_end(std::size_t bucket) {
    if (bucket < (std::size_t{2} << kStepBits)) return bucket;
    const std::size_t shift = (bucket >> kStepBits) - 1;
    const std::uint64_t step = (bucket & ((std::size_t{1} << kStepBits) - 1)) + (1U << kStepBits);
    return ((step + 1) << shift) - 1;
  }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_;
  Gauge maximum_;
};

}  // namespace headrace::core

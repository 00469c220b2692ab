#include "core/histogram.h"

#include <algorithm>
#include <cmath>

namespace headrace::core {

static_assert(Histogram::bucket_of(Histogram::kValueMax) == Histogram::kBuckets - 1);
static_assert(Histogram::bucket_end(Histogram::kBuckets - 1) == Histogram::kValueMax);

void Histogram::merge(const Histogram& other) {
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const std::uint64_t count = other.buckets_[bucket].value();
    if (count != 0) buckets_[bucket].add(count);
  }
  sum_.add(other.sum());
  maximum_.set(std::max(maximum_.value(), other.maximum_.value()));
}

std::uint64_t Histogram::count() const {
  std::uint64_t count = 0;
  for (const Counter& bucket : buckets_)
    count += bucket.value();
  return count;
}

std::uint64_t Histogram::quantile(double quantile) const {
  const std::uint64_t all = count();
  if (all == 0) return 0;
  const double share = std::clamp(quantile, 0.0, 1.0) * static_cast<double>(all);
  const std::uint64_t wanted =
      std::max<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(share)), 1);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket].value();
    if (seen >= wanted) return std::min(bucket_end(bucket), maximum());
  }
  return maximum();
}

std::uint64_t Histogram::count_up_to(std::uint64_t value) const {
  const std::size_t last = bucket_of(std::min(value, kValueMax));
  std::uint64_t count = 0;
  for (std::size_t bucket = 0; bucket <= last; ++bucket)
    count += buckets_[bucket].value();
  return count;
}

}  // namespace headrace::core

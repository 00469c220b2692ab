#include "core/last_use_table.h"

#include <algorithm>

namespace headrace::core {
namespace {

constexpr std::uint64_t kSecondMax = UINT32_MAX;

constexpr std::uint64_t second_of(std::uint64_t word) {
  return word & kSecondMax;
}
constexpr bool is_of(std::uint64_t word, std::uint64_t fingerprint) {
  return word != 0 && word >> 32U == fingerprint;
}

}  // namespace

// Spreads the upper half over any number of buckets.
LastUseBucket& LastUseTable::bucket(std::uint64_t identity) const {
  return buckets_[(identity >> 32U) * buckets_.size() >> 32U];
}

void LastUseTable::note(std::uint64_t identity, std::uint64_t unix_second) const {
  if (buckets_.empty()) return;
  const std::uint64_t fingerprint = identity & UINT32_MAX;
  // Of second 0 nothing could be told.
  const std::uint64_t second = std::clamp<std::uint64_t>(unix_second, 1, kSecondMax);
  LastUseBucket& line = bucket(identity);
  std::atomic<std::uint64_t>* place = nullptr;
  std::uint64_t there = UINT64_MAX;  // at that place
  for (std::atomic<std::uint64_t>& each : line.words) {
    const std::uint64_t word = each.load(std::memory_order_relaxed);
    if (is_of(word, fingerprint)) {
      place = &each;
      there = word;
      break;
    }
    // A free one is the oldest of all.
    if (place == nullptr || second_of(word) < second_of(there)) {
      place = &each;
      there = word;
    }
  }
  if (is_of(there, fingerprint) && second_of(there) >= second) return;
  // Who comes second here has been told of by another in this moment, or is noted next time.
  place->compare_exchange_strong(there, fingerprint << 32U | second, std::memory_order_relaxed);
}

std::uint64_t LastUseTable::last_use(std::uint64_t identity) const {
  if (buckets_.empty()) return 0;
  const std::uint64_t fingerprint = identity & UINT32_MAX;
  std::uint64_t latest = 0;
  // Two shards may have taken a place each for the same thing.
  for (const std::atomic<std::uint64_t>& each : bucket(identity).words) {
    const std::uint64_t word = each.load(std::memory_order_relaxed);
    if (is_of(word, fingerprint)) latest = std::max(latest, second_of(word));
  }
  return latest;
}

}  // namespace headrace::core

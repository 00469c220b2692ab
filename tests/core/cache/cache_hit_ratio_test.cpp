// How much of what an exact LRU would have answered the cache answers too, on a skewed trace: keys
// by Zipf's law, sizes as answers have them, and scans of keys that are asked for once.
#include <algorithm>
#include <cmath>
#include <list>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/cache/cache_builder.h"
#include "core/random.h"
#include "tests/core/cache/cache_entries.h"

namespace headrace::core {
namespace {

constexpr std::uint64_t kKeys = 20'000;
constexpr int kRequests = 200'000;

struct Trace {
  double skew;
  int scan_every;  // requests; 0: no scans
  int scan_keys;
};

std::size_t bytes_of(std::uint64_t number) {
  return 300 + number * 7919 % 5'000;
}

// Draws ranks by Zipf's law from the sums of their weights.
class Zipf {
 public:
  explicit Zipf(double skew) {
    double sum = 0;
    for (std::uint64_t rank = 1; rank <= kKeys; ++rank)
      sums_.push_back(sum += 1.0 / std::pow(static_cast<double>(rank), skew));
  }
  std::uint64_t draw(Random& random) const {
    const double at = random.fraction() * sums_.back();
    return static_cast<std::uint64_t>(std::ranges::lower_bound(sums_, at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

std::vector<std::uint64_t> make(const Trace& trace) {
  Random random(2026);
  const Zipf zipf(trace.skew);
  std::vector<std::uint64_t> keys;
  std::uint64_t next_scanned = kKeys;
  while (keys.size() < kRequests) {
    if (trace.scan_every != 0 && keys.size() % static_cast<std::size_t>(trace.scan_every) == 0) {
      for (int i = 0; i < trace.scan_keys; ++i)
        keys.push_back(next_scanned++);
    }
    keys.push_back(zipf.draw(random));
  }
  return keys;
}

// By the same measure of bytes: whole blocks.
double lru_hit_ratio(const std::vector<std::uint64_t>& keys, std::uint32_t blocks_max) {
  std::list<std::uint64_t> order;  // the newest first
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> places;
  std::size_t blocks = 0;
  std::size_t hits = 0;
  const auto blocks_of = [](std::uint64_t key) {
    return (bytes_of(key) + 6 + sizeof(std::uint64_t) + kCacheBlockBytes - 1) / kCacheBlockBytes;
  };
  for (const std::uint64_t key : keys) {
    if (const auto found = places.find(key); found != places.end()) {
      ++hits;
      order.splice(order.begin(), order, found->second);
      continue;
    }
    blocks += blocks_of(key);
    while (blocks > blocks_max) {
      blocks -= blocks_of(order.back());
      places.erase(order.back());
      order.pop_back();
    }
    order.push_front(key);
    places[key] = order.begin();
  }
  return static_cast<double>(hits) / static_cast<double>(keys.size());
}

double our_hit_ratio(const std::vector<std::uint64_t>& keys, CacheStore& store) {
  CachePartition home(store, 0);
  const std::vector<std::byte> bytes(6'000);
  std::size_t hits = 0;
  for (const std::uint64_t number : keys) {
    const CacheKey key = cache_key(number);
    if (store.find(key, kCacheTestStart)) {
      ++hits;
      continue;
    }
    home.insert(build_entry(store, home, key, std::span(bytes).first(bytes_of(number))),
                kCacheTestStart);
  }
  return static_cast<double>(hits) / static_cast<double>(keys.size());
}

TEST(CacheHitRatio, IsNotBelowThatOfAnExactLruOnASkewedTraceWithScans) {
  for (const Trace& trace : {Trace{0.7, 0, 0}, Trace{0.9, 0, 0}, Trace{0.9, 2'000, 500},
                             Trace{1.1, 0, 0}, Trace{1.1, 2'000, 500}}) {
    const std::vector<std::uint64_t> keys = make(trace);
    for (const std::uint64_t mebibytes : {2U, 8U}) {
      CacheStore store(mebibytes * 1024 * 1024, 1);
      const double ours = our_hit_ratio(keys, store);
      const double lru = lru_hit_ratio(keys, store.partition_blocks());
      fmt::print("zipf {} {:>5} {} MiB: SIEVE {:.4f}, exact LRU {:.4f}\n", trace.skew,
                 trace.scan_every == 0 ? "" : "scans", mebibytes, ours, lru);
      EXPECT_GE(ours, lru);
    }
  }
}

}  // namespace
}  // namespace headrace::core

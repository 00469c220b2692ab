// When each of many things was last used, to the second, in memory that all shards share and that
// outlives the process. A thing is known by a 64-bit hash of its name, its identity.
//
//   LastUseBucket: one cache line, found by the identity's upper half
//   +-----------------------------------------------------------+
//   | fingerprint | second |  x 8                                |    0: free
//   |  lower half | of Unix time                                 |
//   +-----------------------------------------------------------+
//
// One word is one use: nothing is ever half written, and a process may die anywhere. A use within
// the second that stands there writes nothing, so that a thing in use by every shard is a line that
// they all hold, written a few times a second.
//
// Bounds:     as many things as there is room for. Where nine have to share a bucket, the one that
//             was used longest ago is forgotten. Two that share a bucket and a fingerprint pass for
//             one: among a million things, a pair in some thousands of such tables.
// Threads:    any, any number of them.
// Lifetime:   of the memory. Without any, nothing is kept.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace headrace::core {

struct alignas(64) LastUseBucket {
  static constexpr std::size_t kWords = 8;
  std::array<std::atomic<std::uint64_t>, kWords> words;
};
static_assert(sizeof(LastUseBucket) == 64);

class LastUseTable {
 public:
  LastUseTable() = default;
  explicit LastUseTable(std::span<LastUseBucket> buckets) : buckets_(buckets) {}

  void note(std::uint64_t identity, std::uint64_t unix_second) const;
  // Of the Unix time; 0: not that anybody remembered.
  [[nodiscard]] std::uint64_t last_use(std::uint64_t identity) const;

 private:
  [[nodiscard]] LastUseBucket& bucket(std::uint64_t identity) const;

  std::span<LastUseBucket> buckets_;
};

}  // namespace headrace::core

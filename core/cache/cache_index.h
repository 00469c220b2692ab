// Which entries the cache has: a table of buckets of eight words, one cache line each.
//
//   word   [ 32 bits of the hash | entry+1 ]      0: empty
//
// An entry stands in one of two buckets that its hash names, the emptier one when it came, so that
// at twice as many words as entries hardly any bucket ever overflows (two choices: Azar et al.).
//
// Threads: one thread changes a partition's buckets, any number look things up meanwhile, without
//          locks: a word is one atomic, and what it leads to is judged after it is held.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/hash.h"

namespace headrace::core {

inline constexpr std::size_t kIndexBucketWords = 8;
// Two words an entry, rounded up to a power of two.
inline constexpr std::uint64_t kIndexBytesPerEntry = 4 * sizeof(std::uint64_t);

using IndexWord = std::atomic<std::uint64_t>;

constexpr std::uint64_t index_word(Hash128 hash, std::uint32_t entry) {
  return (hash.high & ~std::uint64_t{0xFFFF'FFFF}) | (std::uint64_t{entry} + 1);
}
constexpr bool index_word_may_be(std::uint64_t word, Hash128 hash) {
  return word != 0 && (word >> 32U) == (hash.high >> 32U);
}
constexpr std::uint32_t entry_in(std::uint64_t index_word) {
  return static_cast<std::uint32_t>(index_word & 0xFFFF'FFFF) - 1;
}

struct alignas(64) IndexBucket {
  std::array<IndexWord, kIndexBucketWords> words;
};
static_assert(sizeof(IndexBucket) == 64);

// The two buckets of a hash; they may be the same one.
constexpr std::array<std::size_t, 2> buckets_of(Hash128 hash, std::size_t buckets) {
  return {static_cast<std::size_t>(hash.low & (buckets - 1)),
          static_cast<std::size_t>((hash.low >> 32U) & (buckets - 1))};
}

}  // namespace headrace::core

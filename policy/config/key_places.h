// Where keys stand in their table: a perfect hash of their digests, so that a look-up goes straight
// to the one row that can be it.
//
// Digests are dealt into groups of about four. Each group has a seed, with which its digests come
// to rows that no other group's come to: whoever lays out the table tries seeds, the largest groups
// first, until all rows are used (hash and displace: Belazzougui, Botelho and Dietzfelbinger, ESA
// 2009). A byte of seeds a key stays in the cache where eight or sixteen of slots would not.
//
//   digest --> group --> seed
//      |                   |
//      +-------------------+--> row
//
// Threads: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "policy/config/key_digest.h"

namespace headrace::policy::config {

inline constexpr std::size_t kKeysPerSeed = 4;

[[nodiscard]] constexpr std::size_t seeds_for(std::size_t keys) {
  return (keys + kKeysPerSeed - 1) / kKeysPerSeed;
}

// Of all of a digest: those in a config are what somebody wrote, and may have much in common.
[[nodiscard]] inline std::uint64_t key_hash(const Sha256& digest) {
  std::array<std::uint64_t, 4> words{};
  static_assert(sizeof words == sizeof digest);
  std::memcpy(words.data(), digest.bytes.data(), sizeof words);
  std::uint64_t hash = words[0] + words[1] * 0x9e37'79b9'7f4a'7c15U +
                       words[2] * 0xbf58'476d'1ce4'e5b9U + words[3] * 0x94d0'49bb'1331'11ebU;
  hash ^= hash >> 32U;
  return hash * 0xd6e8'feb8'6659'fd93U;
}

// A hash as a number below `end`, which is below 2^32.
[[nodiscard]] inline std::uint32_t scaled(std::uint64_t hash, std::size_t end) {
  return static_cast<std::uint32_t>((hash >> 32U) * end >> 32U);
}

[[nodiscard]] inline std::uint32_t key_place(std::uint64_t hash, std::uint32_t seed,
                                             std::size_t keys) {
  hash = (hash ^ seed * 0x9e37'79b9'7f4a'7c15U) * 0xff51'afd7'ed55'8ccdU;
  hash ^= hash >> 32U;
  return scaled(hash * 0xc4ce'b9fe'1a85'ec53U, keys);
}

// The row of the only key that may have this digest. There is a key.
[[nodiscard]] inline std::uint32_t key_place(const Sha256& digest,
                                             std::span<const std::uint32_t> seeds,
                                             std::size_t keys) {
  const std::uint64_t hash = key_hash(digest);
  return key_place(hash, seeds[scaled(hash, seeds.size())], keys);
}

// Seeds with which all of these, no two of them the same, have a row of their own below their
// number. About a third of a second for a million.
[[nodiscard]] std::vector<std::uint32_t> find_seeds(std::span<const Sha256> digests);

}  // namespace headrace::policy::config

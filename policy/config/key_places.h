// Where keys stand in their table: a perfect hash of their digests, so that a look-up goes straight
// to the one row that can be it.
//
// Digests are dealt into groups of about four. Each group has a seed, with which its digests come
// to rows that no other group's come to: whoever lays out the table tries seeds, the largest groups
// first, until all rows are used (hash and displace: Belazzougui, Botelho and Dietzfelbinger, ESA
// 2009). A byte of seeds a key stays in the cache where eight or sixteen of slots would not.
// Digests are hashed with a salt that all keys of the config have a part in: so nobody who has keys
// in it can choose some whose digests fall into one group, and hold up whoever lays it out.
//
//   digest --> group --> seed
//      |                   |
//      +-------------------+--> row
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/hash.h"
#include "policy/config/key_digest.h"

namespace headrace::policy::config {

inline constexpr std::size_t kKeysPerSeed = 4;

[[nodiscard]] constexpr std::size_t seeds_for(std::size_t keys) {
  return (keys + kKeysPerSeed - 1) / kKeysPerSeed;
}

// Of all of a digest: those in a config are what somebody wrote, and may have much in common.
[[nodiscard]] inline std::uint64_t key_hash(const Sha256& digest, std::uint64_t salt) {
  return core::hash64(std::as_bytes(std::span(digest.bytes)), salt);
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
[[nodiscard]] inline std::uint32_t key_place(const Sha256& digest, std::uint64_t salt,
                                             std::span<const std::uint32_t> seeds,
                                             std::size_t keys) {
  const std::uint64_t hash = key_hash(digest, salt);
  return key_place(hash, seeds[scaled(hash, seeds.size())], keys);
}

struct KeySeeds {
  std::uint64_t salt = 0;
  std::vector<std::uint32_t> by_group;
};

// With which all of these, no two of them the same, have a row of their own below their number.
// About a third of a second for a million.
[[nodiscard]] KeySeeds find_seeds(std::span<const Sha256> digests);

}  // namespace headrace::policy::config

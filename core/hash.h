// XXH3 of bytes, with a seed: for look-up tables and checksums against accidents. Not a
// cryptographic hash: where somebody may choose the bytes, the seed is secret and a match is
// confirmed by comparing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace headrace::core {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(Hash128, Hash128) = default;
};

std::uint64_t hash64(std::span<const std::byte> bytes, std::uint64_t seed = 0);
std::uint64_t hash64(std::string_view text, std::uint64_t seed = 0);
// The same of two words as they lie in memory, which takes a third of the time.
std::uint64_t hash64(const std::array<std::uint64_t, 2>& words);
Hash128 hash128(std::span<const std::byte> bytes, std::uint64_t seed = 0);
Hash128 hash128(std::string_view text, std::uint64_t seed = 0);

}  // namespace headrace::core

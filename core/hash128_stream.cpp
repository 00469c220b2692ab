#include "core/hash128_stream.h"

#include <new>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace headrace::core {

namespace {

XXH3_state_t* state_in(std::byte* bytes) {
  return std::launder(reinterpret_cast<XXH3_state_t*>(bytes));
}

}  // namespace

Hash128Stream::Hash128Stream(std::uint64_t seed) {
  static_assert(sizeof(XXH3_state_t) <= kStateBytes);
  static_assert(alignof(XXH3_state_t) <= 64);
  auto* state = ::new (static_cast<void*>(state_)) XXH3_state_t;
  XXH3_INITSTATE(state);
  XXH3_128bits_reset_withSeed(state, seed);
}

void Hash128Stream::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_in(state_), bytes.data(), bytes.size());
}

Hash128 Hash128Stream::hash() const {
  const XXH128_hash_t hash =
      XXH3_128bits_digest(std::launder(reinterpret_cast<const XXH3_state_t*>(state_)));
  return {.low = hash.low64, .high = hash.high64};
}

}  // namespace headrace::core

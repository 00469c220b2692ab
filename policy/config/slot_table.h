// The open-addressing tables of a config base, as both who builds and who reads them must see them.
//
// Linear probing over eight-byte slots, eight in a cache line; at most half are used, so a look-up
// that misses ends after one or two.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/hash.h"
#include "policy/config/base_layout.h"

namespace headrace::policy::config {

struct SlotHash {
  std::uint64_t place;
  std::uint32_t fingerprint;
};

[[nodiscard]] inline SlotHash slot_hash(Dialect dialect, std::string_view model) {
  const std::uint64_t hash = core::hash64(model, static_cast<std::uint64_t>(dialect));
  return {.place = hash, .fingerprint = static_cast<std::uint32_t>(hash >> 32)};
}

[[nodiscard]] inline SlotHash price_hash(std::uint32_t provider, std::string_view model) {
  const std::uint64_t hash = core::hash64(model, provider);
  return {.place = hash, .fingerprint = static_cast<std::uint32_t>(hash >> 32)};
}

// So is an identity.
[[nodiscard]] inline SlotHash slot_hash(std::uint64_t identity) {
  return {.place = identity, .fingerprint = static_cast<std::uint32_t>(identity >> 32)};
}

[[nodiscard]] inline std::size_t slots_for(std::size_t rows) {
  return std::bit_ceil(rows * 2 + 2);
}

// The row for which `is_it(row)` holds among those with this hash, or nullptr.
template <class Row, class IsIt>
[[nodiscard]] const Row* find_in_slots(std::span<const HashSlot> slots, std::span<const Row> rows,
                                       SlotHash hash, IsIt is_it) {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t at = hash.place & mask;; at = (at + 1) & mask) {
    const HashSlot slot = slots[at];
    if (slot.row_plus_one == 0) return nullptr;
    if (slot.fingerprint != hash.fingerprint) continue;
    const Row& row = rows[slot.row_plus_one - 1];
    if (is_it(row)) return &row;
  }
}

inline void insert_into_slots(std::span<HashSlot> slots, SlotHash hash, std::uint32_t row) {
  const std::size_t mask = slots.size() - 1;
  std::size_t at = hash.place & mask;
  while (slots[at].row_plus_one != 0)
    at = (at + 1) & mask;
  slots[at] = {.fingerprint = hash.fingerprint, .row_plus_one = row + 1};
}

}  // namespace headrace::policy::config

// The name of an entry: which limit stands in a place of the table, in which life of the place.
//
//   63          23 22       20 19        14 13        2 1   0
//   | fingerprint | incarnation | displaced | generation | state |
//
// Fingerprint and home (the place minus how far it is displaced) together identify the limit: 41
// bits and the logarithm of the table's size. The incarnation is told while a claim is pending
// only.
#pragma once

#include <cstdint>

namespace headrace::core {

enum class PlaceState : std::uint8_t { free = 0, pending = 1, in_use = 2 };

class LimitName {
 public:
  static constexpr std::uint64_t kGenerationMask = 0xfff;
  static constexpr std::uint64_t kDisplacementMask = 0x3f;
  static constexpr std::uint64_t kIncarnationMask = 0x7;

  constexpr explicit LimitName(std::uint64_t word) : word_(word) {}
  static constexpr LimitName free(std::uint64_t generation) {
    return LimitName((generation & kGenerationMask) << 2U);
  }
  static constexpr LimitName pending(std::uint64_t hash, std::uint64_t displacement,
                                     std::uint64_t generation, std::uint64_t incarnation) {
    return LimitName(hash << 23U | (incarnation & kIncarnationMask) << 20U |
                     (displacement & kDisplacementMask) << 14U |
                     (generation & kGenerationMask) << 2U | 1U);
  }
  [[nodiscard]] constexpr LimitName established() const {
    return LimitName((word_ & ~(kIncarnationMask << 20U) & ~std::uint64_t{3}) | 2U);
  }
  // The place, free again.
  [[nodiscard]] constexpr LimitName freed() const { return free(generation() + 1); }

  [[nodiscard]] constexpr std::uint64_t word() const { return word_; }
  [[nodiscard]] constexpr PlaceState state() const { return static_cast<PlaceState>(word_ & 3U); }
  [[nodiscard]] constexpr std::uint64_t generation() const { return word_ >> 2U & kGenerationMask; }
  [[nodiscard]] constexpr std::uint64_t displacement() const {
    return word_ >> 14U & kDisplacementMask;
  }
  [[nodiscard]] constexpr std::uint64_t incarnation() const {
    return word_ >> 20U & kIncarnationMask;
  }
  // The low 41 bits of the limit's hash.
  [[nodiscard]] constexpr std::uint64_t fingerprint() const { return word_ >> 23U; }
  // Stands for, or is to stand for, a limit of this hash, displaced so far.
  [[nodiscard]] constexpr bool is(std::uint64_t hash, std::uint64_t displaced) const {
    return word_ >> 23U == hash << 23U >> 23U && displacement() == displaced &&
           state() != PlaceState::free;
  }

 private:
  std::uint64_t word_;
};

}  // namespace headrace::core

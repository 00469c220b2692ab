// LimitEntry::traits: which kind of window stands in a place, whether it is closed because its
// words were found out of bounds, and whether somebody has wanted to forget it: without that, a
// mark of being forgotten is an overwritten word. With the generation of its place, so that no
// value comes twice.
#pragma once

#include <cstdint>

#include "core/limits/limit_terms.h"

namespace headrace::core {

struct LimitTraits {
  static constexpr std::uint64_t kClosed = 1U << 8U;
  static constexpr std::uint64_t kLeaving = 1U << 9U;

  static constexpr std::uint64_t pack(WindowKind kind, std::uint64_t generation) {
    return generation << 16U | static_cast<std::uint64_t>(kind);
  }
  // `count` where the word is out of bounds.
  static constexpr WindowKind kind(std::uint64_t word) {
    const std::uint64_t kind = word & 0xffU;
    return kind < static_cast<std::uint64_t>(WindowKind::count) ? static_cast<WindowKind>(kind)
                                                                : WindowKind::count;
  }
  static constexpr bool closed(std::uint64_t word) { return (word & kClosed) != 0; }
  static constexpr bool leaving(std::uint64_t word) { return (word & kLeaving) != 0; }
};

}  // namespace headrace::core

// LimitEntry::turn of a calendar window: whose pool it is, by the limit's whole identity, which a
// table of any size finds it by; with the generation of its place, so that no value comes twice.
#pragma once

#include <cstdint>

namespace headrace::core {

struct CalendarName {
  static constexpr unsigned kGenerationAt = 52;

  static constexpr std::uint64_t pack(std::uint64_t identity, std::uint64_t generation) {
    return identity ^ generation << kGenerationAt;
  }
  static constexpr std::uint64_t identity(std::uint64_t word, std::uint64_t generation) {
    return pack(word, generation);
  }
  // Of a pool that a row of an older journal has brought back: 0 is nobody's identity.
  static constexpr std::uint64_t unknown(std::uint64_t generation) { return pack(0, generation); }
};

}  // namespace headrace::core

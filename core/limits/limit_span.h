// LimitEntry::span: how long a window is, or when it ends, for whoever looks for idle limits
// without knowing their terms; with the generation of its place, so that no value comes twice.
//
//   63                         12 11        0
//   | microseconds, rounded up    | generation |
#pragma once

#include <cstdint>

namespace headrace::core {

struct LimitSpan {
  static constexpr std::uint64_t kMicrosMax = (std::uint64_t{1} << 52U) - 1;

  // Not before 1970.
  static constexpr std::uint64_t pack(std::int64_t nanos, std::uint64_t generation) {
    const std::uint64_t all = nanos < 0 ? 0 : static_cast<std::uint64_t>(nanos);
    const std::uint64_t micros = all / 1000 + (all % 1000 == 0 ? 0 : 1);
    return (micros > kMicrosMax ? kMicrosMax : micros) << 12U | (generation & 0xfffU);
  }
  static constexpr std::int64_t nanos(std::uint64_t word) {
    const std::uint64_t micros = word >> 12U;
    return micros == kMicrosMax ? INT64_MAX : static_cast<std::int64_t>(micros * 1000);
  }
  static constexpr std::uint64_t generation(std::uint64_t word) { return word & 0xfffU; }
};

}  // namespace headrace::core

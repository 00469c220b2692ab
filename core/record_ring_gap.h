// A stretch of a record ring that its consumer has passed without having had a record of it: frames
// that were damaged, and what the ring's end wastes.
//
// Whoever waits for a record by its place, which is where it ends, learns from gaps that it will
// never be safe.
#pragma once

#include <cstdint>

namespace headrace::core {

struct RecordRingGap {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  [[nodiscard]] bool has(std::uint64_t place) const { return begin < place && place <= end; }
};

}  // namespace headrace::core

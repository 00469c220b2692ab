// One step of a sliding window: while it is open, the value of LimitEntry::taken at its begin plus
// what has come back of it; closed, what was taken in it minus what has come back.
//
// A step that was not open since its block is its limit's own holds a blank: of no lap that is
// near, and like that of no other limit and no other life. So whoever still looks at the block of a
// limit that is forgotten meets no word there that it has seen.
//
//   63      49  48   47                  0
//   | lap of the ring | open |       value        |
#pragma once

#include <cstdint>

#include "core/limits/limit_words.h"

namespace headrace::core {

struct StepWord {
  static constexpr std::uint64_t kFarLap = 0x4000;  // from any other by as many laps

  static constexpr std::uint64_t open(std::uint64_t step, std::uint64_t begun_at) {
    return lap(step) << 49U | std::uint64_t{1} << 48U | (begun_at & TaggedWord::kValueMask);
  }
  static constexpr std::uint64_t closed(std::uint64_t step, std::uint64_t amount) {
    return lap(step) << 49U | (amount & TaggedWord::kValueMask);
  }
  // `step`: the first that will be open. `owner` tells the life of one entry from any other.
  static constexpr std::uint64_t blank(std::uint64_t step, std::uint64_t owner) {
    return (lap(step) ^ kFarLap) << 49U | (owner & TaggedWord::kValueMask);
  }
  // `step` is one of those that have this word's place in the ring.
  static constexpr bool is(std::uint64_t word, std::uint64_t step) {
    return word >> 49U == lap(step);
  }
  static constexpr bool is_open(std::uint64_t word) { return (word >> 48U & 1U) != 0; }
  static constexpr std::uint64_t value(std::uint64_t word) { return TaggedWord::value(word); }
  static constexpr std::int64_t amount(std::uint64_t word) {
    return TaggedWord::difference(word, 0);
  }

 private:
  static constexpr std::uint64_t lap(std::uint64_t step) { return step / kStepWords & 0x7fffU; }
};

}  // namespace headrace::core

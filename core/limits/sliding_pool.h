// The pool of a sliding window: never more than the credit in any stretch of the window's length.
//
// Time is cut into steps of 1/64 window. What is taken counts in the step that is open, and comes
// back when that step and 64 more have passed: at the earliest one window after it was taken.
//
//   taken - floor = what was taken in the open step and the 64 before it, less what came back early
//
// A turn opens a later step: `floor` decides it (its tag is the new step, its value has what the
// steps that leave have returned); the new step's word is opened; the old one is closed; `turn`
// says that it is done. Credit is taken only when no turn is half done. What comes back early
// lowers its step's word first and raises `floor` then, if no turn was decided in between; where
// one was, or the process died, that much is missing until `floor` is summed up anew, once a
// window.
//
// An idle limit may be forgotten while somebody begins to turn it: so whoever finishes a turn
// touches `taken` first, after the turn was decided. Then either the forgetting fails, or the touch
// does. A touch changes bits above those that count. A limit may also be reset, at any moment. Its
// step block then becomes another's: so whoever has looked at a step's word asks whether the
// limit's life lasts before replacing it, and each life has words of its own (step_word.h).
//
// Threads: any; all words are in shared memory.
#pragma once

#include <cstdint>
#include <optional>

#include "core/limits/limit_life.h"
#include "core/limits/pool_verdict.h"

namespace headrace::core {

class SlidingPool {
 public:
  // A turn over more steps than this cannot be told by its tag.
  static constexpr std::uint64_t kTurnStepsMax = 0xffff;

  SlidingPool(LimitLife life, StepBlock& block, Duration length);

  PoolVerdict take(std::int64_t credit, std::int64_t amount, Instant now);
  // Whatever is left. Anything but `granted`: nothing was charged.
  PoolAnswer charge(std::int64_t amount, Instant now);
  // False: its step has passed.
  bool give_back(std::uint64_t step, std::int64_t amount, Instant now);
  PoolStanding standing(Instant now);
  // Until so much more than is spent has come back; 0: it is there.
  Duration wait_for(std::int64_t credit, std::int64_t amount, Instant now);

  [[nodiscard]] std::uint64_t step_at(Instant at) const;
  // `length` counts in whole microseconds, rounded up.
  static std::uint64_t step_at(Instant at, Duration length);

  // LimitEntry::turn holds the step that is open, and the generation of the entry's place.
  static constexpr std::uint64_t pack_turn(std::uint64_t generation, std::uint64_t step) {
    return generation << kStepBits | step;
  }
  static constexpr std::uint64_t step_of(std::uint64_t turn) {
    return turn & ((std::uint64_t{1} << kStepBits) - 1);
  }

 private:
  static constexpr unsigned kStepBits = 52;

  struct Position {
    PoolAnswer answer;
    std::uint64_t step;
    std::uint64_t floor;
  };

  Position turn_to(std::uint64_t step);
  void decide(std::uint64_t open_step, std::uint64_t floor, std::uint64_t step);
  bool touch();
  [[nodiscard]] bool is_at(std::uint64_t turn) const;
  bool finish(std::uint64_t turn, std::uint64_t step);
  void clear_old_laps(std::uint64_t turn, std::uint64_t step);
  [[nodiscard]] std::int64_t returned_by(std::uint64_t first, std::uint64_t end) const;
  [[nodiscard]] Duration until_returned(std::int64_t amount, std::uint64_t open_step,
                                        Instant now) const;
  [[nodiscard]] Duration until_full(std::int64_t spent, std::uint64_t taken,
                                    std::uint64_t open_step, Instant now) const;
  [[nodiscard]] Duration until_returned_of(std::uint64_t step, Instant now) const;

  SharedWord& word(std::uint64_t step) const { return block_->steps[step % kStepWords]; }

  LimitLife entry_;
  StepBlock* block_;
  std::int64_t step_nanos_;
};

}  // namespace headrace::core

// The pool of a concurrency limit: how many permits are out, counted by incarnation in one word.
//
//   63          62    51          n x w         0
//   | forgotten | generation | ... | incarnation 0 |     n incarnations, w = 51 / n bits
//
// So one compare-and-swap takes a permit, and another one gives back all that a dead process held:
// nothing can be lost in between. With three incarnations each may hold 131,071 permits of a limit.
//
// Threads: any; all words are in shared memory.
#pragma once

#include <cstdint>

#include "core/limits/limit_life.h"
#include "core/limits/pool_verdict.h"

namespace headrace::core {

class ConcurrencyPool {
 public:
  static constexpr unsigned kCountBits = 51;

  ConcurrencyPool(LimitLife life, std::uint32_t incarnations, std::uint32_t incarnation)
      : entry_(life),
        width_(kCountBits / incarnations),
        shift_(incarnation * width_),
        incarnations_(incarnations) {}

  PoolVerdict take(std::int64_t credit, std::int64_t amount);
  // False where more would be given back than is out.
  bool give_back(std::int64_t amount);
  // All that the incarnation holds.
  std::int64_t give_back_all();
  [[nodiscard]] PoolStanding standing() const;
  // Permits of other incarnations, the dead included that nobody has recovered yet.
  [[nodiscard]] std::int64_t held_by_others() const;

  static bool idle(std::uint64_t taken) {
    return (taken & ((std::uint64_t{1} << kCountBits) - 1)) == 0;
  }

 private:
  [[nodiscard]] std::uint64_t mask() const { return (std::uint64_t{1} << width_) - 1; }
  [[nodiscard]] std::int64_t sum(std::uint64_t word) const;

  LimitLife entry_;
  unsigned width_;
  unsigned shift_;
  std::uint32_t incarnations_;
};

}  // namespace headrace::core

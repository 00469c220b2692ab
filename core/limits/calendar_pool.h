// The pool of a calendar window: at most the credit in the window whose number `floor` is tagged
// with. A later number opens a later window with all credit, an earlier one counts in the one that
// is open: windows move forward only.
//
// Threads: any; all words are in shared memory.
#pragma once

#include <cstdint>

#include "core/limits/limit_life.h"
#include "core/limits/pool_verdict.h"
#include "core/limits/share_claim.h"

namespace headrace::core {

class CalendarPool {
 public:
  CalendarPool(LimitLife life, std::uint16_t window, WallTime ends)
      : entry_(life), window_(window), ends_(ends) {}

  // `claim`: it is a slice; none: it is for a request.
  PoolVerdict take(std::int64_t credit, std::int64_t amount, WallTime now,
                   ShareClaim* claim = nullptr);
  PoolAnswer charge(std::int64_t amount);
  // False: the window is over. `share`: what it comes from, if it is one.
  bool give_back(std::uint64_t window, std::int64_t amount, ShareReturn* share = nullptr);
  PoolStanding standing(WallTime now);

 private:
  std::uint64_t turn();
  [[nodiscard]] Duration until_end(std::uint64_t floor, WallTime now) const;

  LimitLife entry_;
  std::uint64_t window_;
  WallTime ends_;
};

}  // namespace headrace::core

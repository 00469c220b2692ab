// The pool of a bucket: at most burst + t x rate in any time t.
//
// Kept as the time until which the rate has been spent (the theoretical arrival time of the generic
// cell rate algorithm, ITU-T I.371), in ticks of 1/16 ns: a full bucket's lies in the past. The
// cost of an amount in time is rounded up. So is the burst's, by less than the clock can tell, so
// that all of it can be taken at once.
//
// What comes back makes that time earlier. When a bucket is full, credit that would have flown in
// is lost; so nothing that was taken before then can come back. LimitEntry::floor holds when a
// bucket was last found full.
//
// Credit that is spent later than it was taken (from a share, up to `lead` later) could meet credit
// that has flown in since. So every taker of a limit with shares leaves `lead` of the burst.
//
// Threads: any; all words are in shared memory.
#pragma once

#include <cstdint>

#include "core/limits/limit_words.h"
#include "core/limits/pool_verdict.h"

namespace headrace::core {

class BucketPool {
 public:
  BucketPool(LimitEntry& entry, std::int64_t refill, Duration length)
      : entry_(&entry), refill_(refill), length_(length) {}

  PoolVerdict take(std::int64_t burst, std::int64_t amount, Duration lead, Instant now);
  PoolAnswer charge(std::int64_t amount, Instant now);
  void give_back(std::uint64_t taken_at, std::int64_t amount);
  [[nodiscard]] PoolStanding standing(std::int64_t burst, Instant now) const;

  // In which `amount` flows in.
  static Duration time_of(std::int64_t amount, std::int64_t refill, Duration length);
  // As full as can be.
  static bool idle(std::uint64_t taken, Instant now);

 private:
  LimitEntry* entry_;
  std::int64_t refill_;
  Duration length_;
};

}  // namespace headrace::core

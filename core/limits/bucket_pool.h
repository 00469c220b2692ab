// The pool of a bucket: at most burst + t x rate in any time t.
//
// Kept as the time until which the rate has been spent (the theoretical arrival time of the generic
// cell rate algorithm, ITU-T I.371), in ticks of 1/16 ns: a full bucket's lies in the past. The
// cost of an amount in time is rounded up. So is the burst's, by less than the clock can tell, so
// that all of it can be taken at once.
//
// What comes back makes that time earlier, as if it had never been taken. That is true only as long
// as no charge met a bucket that would have been full without it: what flowed in there is lost. So
// `floor` counts what may still come back (in units of 256 ns). A charge that finds less than that
// spent makes all that was taken before it final: it opens a new book, and receipts of an old one
// bring nothing back.
//
//   LimitEntry::floor   63  book  40 | 39  may still come back  0
//
// Credit that is spent later than it was taken (from a share, up to `lead` later) could meet credit
// that has flown in since. So every taker of a limit with shares leaves `lead` of the burst.
//
// Threads: any; all words are in shared memory.
#pragma once

#include <cstdint>

#include "core/limits/limit_life.h"
#include "core/limits/pool_verdict.h"

namespace headrace::core {

class BucketPool {
 public:
  BucketPool(LimitLife life, std::int64_t refill, Duration length)
      : entry_(life), refill_(refill), length_(length) {}

  PoolVerdict take(std::int64_t burst, std::int64_t amount, Duration lead, Instant now);
  PoolAnswer charge(std::int64_t amount, Instant now);
  // False: it has been full since.
  bool give_back(std::uint64_t book, std::int64_t amount);
  // It was used: it will not come back.
  void keep(std::uint64_t book, std::int64_t amount);
  [[nodiscard]] PoolStanding standing(std::int64_t burst, Instant now) const;

  // In which `amount` flows in.
  static Duration time_of(std::int64_t amount, std::int64_t refill, Duration length);
  // As full as can be.
  static bool idle(std::uint64_t taken, Instant now);
  // LimitEntry::floor at the begin of a life.
  static std::uint64_t first_book(std::uint64_t generation);

 private:
  // Whether `backlog` ticks are enough for all that may come back; where not, a new book is opened.
  // `units` of ours are counted in. False: somebody else was quicker.
  struct Entered {
    bool done = false;
    std::uint64_t book = 0;
  };
  bool enter(std::uint64_t backlog, std::uint64_t units, Entered& entered);
  [[nodiscard]] std::uint64_t units_of(std::int64_t amount, bool up) const;

  LimitLife entry_;
  std::int64_t refill_;
  Duration length_;
};

}  // namespace headrace::core

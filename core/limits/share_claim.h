// What is on its way between a calendar limit's node and a shard's share of it, so that nobody's
// death loses it: a month is long.
//
// A slice is announced in the share's slot before it is taken of the node, with the value that
// `taken` will have then; and `taken` gets the mark of whoever takes a slice. So whoever finds the
// slot of a dead shard knows whether the slice was taken: it was if its mark is there and `taken`
// is as large as was announced. Requests that take of the node leave the mark; who takes another
// slice and puts his own in its place says so in the slot of the former one first.
//
// What is left of a share is announced before it is given back too, with the value that `floor`
// will have: if that is lower, it was not. Where others have given back since, it may be missing.
//
//   LimitEntry::taken     63          62  61     60       48 47            0
//                         | forgotten | 0 | turn | 1 + shard |   value     |
//   ShareSlot::balance    63      62          61     60          47        0
//                         | taking | returning | turn | confirmed | value  |   or what is left
//
// A shard has two marks, and uses the one that is not in `taken`. Sliding windows and buckets do
// without: what is missing there comes back with time.
//
// Threads: one shard's; judge_claim() after its death.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/limits/limit_memory.h"
#include "core/limits/permit.h"

namespace headrace::core {

class ShareClaim {
 public:
  // `seat`: of the limit's share, in each shard's slots. `slice`: its receipt, but for the window.
  ShareClaim(const LimitMemory& memory, std::uint32_t incarnation, std::uint32_t shard,
             std::size_t seat, const LimitReceipt& slice);

  // Before each try to replace `taken`: what by.
  std::uint64_t announce(std::uint64_t taken, std::uint64_t next, std::uint64_t window);
  // It was not taken.
  void withdraw();

 private:
  void confirm_former(std::uint64_t taken) const;

  const LimitMemory& memory_;
  ShareSlot& slot_;
  std::uint64_t owner_;
  std::size_t seat_;
  std::uint64_t name_;
};

// What is left of a share goes back. The slot is empty afterwards.
class ShareReturn {
 public:
  ShareReturn(ShareSlot& slot, std::int64_t amount);
  ~ShareReturn();
  ShareReturn(const ShareReturn&) = delete;
  ShareReturn& operator=(const ShareReturn&) = delete;

  // Before each try to replace `floor`.
  void announce(std::uint64_t floor);

 private:
  ShareSlot& slot_;
};

// Of a dead shard: the slot then holds what is left of the share, or nothing. May be interrupted by
// death and done again.
void judge_claim(const LimitMemory& memory, std::uint32_t incarnation, std::uint32_t shard,
                 ShareSlot& slot);

}  // namespace headrace::core

// Which entry goes next, by SIEVE: entries in the order in which they came, a bit for each that
// says whether it was asked for, and a hand.
//
//   newest  o  v  o  o  v  v  o  oldest      v: visited since the hand came by
//                 ^ hand, on its way to the newer ones, and round
//
// What the hand meets visited it spares, and clears the bit; the first that is not visited goes. A
// hit only sets the bit, nothing moves: so hits need no lock and no thread of their own, which is
// why it is SIEVE here and not LRU (every hit moves) nor S3-FIFO (two queues and a list of ghosts,
// for a hit ratio that differs little). Zhang et al., "SIEVE is simpler than LRU", NSDI 2024.
//
// Threads: one; the visited bits lie elsewhere and may be set by any.
#pragma once

#include <cstdint>
#include <span>

#include "core/check.h"

namespace headrace::core {

struct SieveLinks {
  std::uint32_t newer;
  std::uint32_t older;
};

class SieveQueue {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  // Entries spared in one go at most: the next one goes whatever its bit says, so that a turn stays
  // short where everything was visited.
  static constexpr std::uint32_t kSparedMax = 256;

  // Entries are places in `links`, which several queues may share.
  explicit SieveQueue(std::span<SieveLinks> links) : links_(links) {}

  [[nodiscard]] bool empty() const { return newest_ == kNone; }
  [[nodiscard]] std::uint32_t oldest() const { return oldest_; }

  void push(std::uint32_t entry) {
    links_[entry] = {.newer = kNone, .older = newest_};
    (newest_ != kNone ? links_[newest_].newer : oldest_) = entry;
    newest_ = entry;
  }

  void remove(std::uint32_t entry) {
    const SieveLinks at = links_[entry];
    if (hand_ == entry) hand_ = at.newer;
    (at.newer != kNone ? links_[at.newer].older : newest_) = at.older;
    (at.older != kNone ? links_[at.older].newer : oldest_) = at.newer;
  }

  // Takes out the one to go. `spare` takes an entry and says whether it is spared this time, which
  // it then is not the next time. The queue is not empty.
  template <class Spare>
  std::uint32_t take(Spare&& spare) {
    HEADRACE_CHECK(!empty());
    std::uint32_t at = hand_ != kNone ? hand_ : oldest_;
    for (std::uint32_t spared = 0; spared < kSparedMax && spare(at); ++spared) {
      at = links_[at].newer != kNone ? links_[at].newer : oldest_;
    }
    hand_ = at;
    remove(at);
    return at;
  }

 private:
  std::span<SieveLinks> links_;
  std::uint32_t newest_ = kNone;
  std::uint32_t oldest_ = kNone;
  std::uint32_t hand_ = kNone;  // kNone: begins with the oldest
};

}  // namespace headrace::core

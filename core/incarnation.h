// One life of a data plane in the shared region: the right to write everything that stands under
// one incarnation slot.
//
// The right is a lock on the slot's bytes of the region's file (an open file description lock),
// which the kernel releases when the process dies, however it dies. A slot that is in use but whose
// lock is free was left by a process that died: an orphan. Whoever takes its lock recovers it.
//
//   vacant --claim()--> in use, locked --finish()--> vacant
//                         | death, or dropped without finish()
//                         v
//                      in use, unlocked (orphan) --claim_orphans()--> locked --finish()--> vacant
//
// Threads:  one at a time. A child that was forked and did not exec holds the lock too.
// Lifetime: the region must outlive it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/shared_region.h"

namespace headrace::core {

class Incarnation {
 public:
  // A vacant slot, now ours, under an epoch that no other one of this region ever had, with zeroed
  // memory for its accounting and record rings that have begun. The error is for an operator.
  // Orphans are not vacant: recover them first.
  static std::expected<Incarnation, std::string> claim(SharedRegion& region, WallTime now);
  // All slots whose process died, each locked for us, so that nobody else recovers them too.
  static std::vector<Incarnation> claim_orphans(SharedRegion& region);

  Incarnation(Incarnation&& other) noexcept;
  Incarnation& operator=(Incarnation&& other) noexcept;
  // Without finish() the slot becomes an orphan.
  ~Incarnation();

  // Everything that stood under the slot is settled: the slot is vacant.
  void finish();

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

 private:
  // Of a slot whose lock was just taken.
  Incarnation(SharedRegion& region, std::uint32_t number, std::uint64_t epoch);
  static bool held_by_us(const SharedRegion& region, std::uint32_t number);
  void release();

  SharedRegion* region_;
  std::uint32_t number_;
  std::uint64_t epoch_;
};

}  // namespace headrace::core

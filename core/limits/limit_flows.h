// What became of the credit that one shard's requests took of limits, by what those measure, so
// that it can be added up:
//
//   reserved = settled + refunded + lapsed + what permits hold now
//
//   reserved   by requests that all of their limits let pass
//   settled    of that: used, as far as it was reserved
//   refunded   back where it was taken from
//   lapsed     neither: its step, bucket or window is over, or its limit was reset, so that nobody
//              has it any more; or its process has died
//
// In shared memory, so that a process's death does not take it along: whoever recovers its limits
// lets lapse what its permits held (core/limits/limit_recovery.h), and the equation holds again. A
// successor goes on counting where it stands.
//
// Threads:    written by its shard alone; after its death by who holds its incarnation. Read by
//             anybody, each count whole, but not all of one moment.
// Invariants: what is reserved is told first, so that it is never less than the others together.
#pragma once

#include <array>
#include <cstdint>

#include "core/limits/limit_terms.h"
#include "core/limits/shared_word.h"
#include "core/region_layout.h"

namespace headrace::core {

struct LimitFlow {
  SharedWord reserved;
  SharedWord settled;
  SharedWord refunded;
  SharedWord lapsed;

  static void add(SharedWord& count, std::int64_t amount) {
    count.store(count.load() + static_cast<std::uint64_t>(amount));
  }
  [[nodiscard]] std::uint64_t held() const {
    const std::uint64_t ended = settled.load() + refunded.load() + lapsed.load();
    const std::uint64_t begun = reserved.load();
    return begun < ended ? 0 : begun - ended;  // read in between, or overwritten
  }
};

struct alignas(64) LimitFlows {
  // By LimitTerms::measure. Permits of concurrency limits are apart: a dead process's come back.
  std::array<LimitFlow, kLimitMeasuresMax> measures;
  LimitFlow concurrent;

  [[nodiscard]] LimitFlow& of(WindowKind kind, std::uint8_t measure) {
    return kind == WindowKind::concurrency ? concurrent : measures[measure % kLimitMeasuresMax];
  }
};

static_assert(sizeof(LimitFlows) == kLimitFlowsBytes);

}  // namespace headrace::core

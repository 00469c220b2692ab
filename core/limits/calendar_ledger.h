// What was spent of calendar windows (days, months, credits), for the journal to keep: read from
// the words in the shared region, and put back into a region that was made anew.
//
// Threads: collect() from any thread; restore() while nobody else uses the region.
// Bounds:  a limit is found again in a table of the same size (RegionGeometry::limit_slots).
#pragma once

#include <cstdint>

#include "core/limits/limit_memory.h"
#include "core/limits/limit_table.h"
#include "core/limits/limit_terms.h"
#include "core/pool_spent.h"

namespace headrace::core {

class CalendarLedger final : public PoolLedger {
 public:
  // `incarnation`: ours. `start`: now, for restore().
  CalendarLedger(const LimitMemory& memory, std::uint32_t incarnation, LimitTime start)
      : memory_(memory), table_(memory, incarnation), incarnation_(incarnation), start_(start) {}

  // Credit that shards hold in their shares counts as spent.
  void collect(std::vector<PoolSpent>& pools) override;
  // Nothing where words are there already: those know better.
  void restore(std::span<const PoolSpent> pools) override;

 private:
  LimitMemory memory_;
  LimitTable table_;
  std::uint32_t incarnation_;
  LimitTime start_;
};

}  // namespace headrace::core

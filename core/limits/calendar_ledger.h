// What was spent of calendar windows (days, months, credits), for the journal to keep: read from
// the words in the shared region, and put back into a region that was made anew.
//
// Rows name a limit by its own identity, so that it is found in a table of any size. A row of an
// older journal names a place: it counts for whichever limit is first taken of there, which in a
// table of the same size is its own.
//
// What changes is found by the marks of the neighbourhoods that it lies in: no shard waits for it,
// and nobody reads the whole table again and again.
//
// Threads: collect_*() from one thread, beside the shards; restore() while nobody else uses the
//          region.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

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
  void collect_changed(std::vector<PoolSpent>& pools) override;
  void collect_all_again() override { all_again_ = true; }
  // Nothing where the region's pools are known already: those know better. Done again by a
  // successor where it was interrupted, or where one has no room.
  PoolsRestored restore(std::span<const PoolSpent> pools) override;

 private:
  [[nodiscard]] bool wipe(std::uint32_t mark);
  void look_at(std::uint32_t mark, bool all, std::vector<PoolSpent>& pools);
  void look_at_entry(std::uint32_t index, bool all, std::vector<PoolSpent>& pools);
  void note_gone(std::span<const PoolSpent> pools);
  void let_go(std::uint32_t index, std::vector<PoolSpent>& pools);

  LimitMemory memory_;
  LimitTable table_;
  std::uint32_t incarnation_;
  LimitTime start_;
  // As they were collected, by their places.
  std::unordered_map<std::uint32_t, PoolSpent> known_;
  // Pools that are no more, since collect(): without anything spent.
  std::vector<PoolSpent> gone_;
  bool all_again_ = true;
};

}  // namespace headrace::core

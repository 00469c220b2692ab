// What was spent of one calendar pool, or of a credit: a row of the journal, from which a node
// rebuilds its pools when its memory is gone.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace headrace::core {

// What PoolSpent::identity is. The numbers stand in files: never renumber.
enum class PoolNaming : std::uint32_t {
  // What older journals have: the limit's place in a table of the size that theirs had. It is found
  // again in a table of the same size only.
  by_place = 0,
  // The limit's own: the same in every process, config and table.
  by_limit = 1,
};

struct PoolSpent {
  std::uint64_t identity = 0;
  std::uint32_t window = 0;  // which of its windows, by number; only ever grows
  PoolNaming naming = PoolNaming::by_limit;
  std::int64_t spent = 0;  // in the limit's own measure; 0: it was forgotten, or reset
  std::int64_t ends_unix_nanos = INT64_MAX;  // of the window; INT64_MAX: never
  friend bool operator==(const PoolSpent&, const PoolSpent&) = default;
};
static_assert(sizeof(PoolSpent) == 32);
static_assert(std::has_unique_object_representations_v<PoolSpent>);

// What became of the pools of a former life.
struct PoolsRestored {
  std::uint64_t restored = 0;
  std::uint64_t by_place = 0;  // of these, from rows of an older journal
  std::uint64_t ended = 0;     // their windows are over
  std::uint64_t no_room = 0;   // what they have spent is forgotten: their limits must not be served
};

// Whoever keeps such pools, as the journal sees him.
// Threads: restore() before any shard runs; the others from the journal's thread, at any time.
class PoolLedger {
 public:
  PoolLedger() = default;
  PoolLedger(const PoolLedger&) = delete;
  PoolLedger& operator=(const PoolLedger&) = delete;
  virtual ~PoolLedger() = default;

  // Adds what must survive a reboot: every pool of which anything was spent in its window.
  virtual void collect(std::vector<PoolSpent>& pools) = 0;
  // Adds what has changed since it was collected last. Whatever was spent before the call is in
  // what was collected by its end.
  virtual void collect_changed(std::vector<PoolSpent>& pools) = 0;
  // What was collected did not reach the disk, or somebody died: all of it is collected again.
  virtual void collect_all_again() = 0;
  // What a former life of the node had spent: pools begin at least there.
  virtual PoolsRestored restore(std::span<const PoolSpent> pools) = 0;
};

}  // namespace headrace::core

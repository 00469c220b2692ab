// What was spent of one calendar pool, or of a credit: a row of the journal's checkpoints, from
// which a node rebuilds its pools when its memory is gone.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace headrace::core {

struct PoolSpent {
  std::uint64_t identity = 0;                // of the limit, the same in every process and config
  std::uint64_t window = 0;                  // which of its windows, by number; only ever grows
  std::int64_t spent = 0;                    // in the limit's own measure
  std::int64_t ends_unix_nanos = INT64_MAX;  // of the window; INT64_MAX: never
  friend bool operator==(const PoolSpent&, const PoolSpent&) = default;
};
static_assert(sizeof(PoolSpent) == 32);
static_assert(std::has_unique_object_representations_v<PoolSpent>);

// Whoever keeps such pools, as the journal sees him.
// Threads: collect() from the journal's thread, at any time; restore() before any shard runs.
class PoolLedger {
 public:
  PoolLedger() = default;
  PoolLedger(const PoolLedger&) = delete;
  PoolLedger& operator=(const PoolLedger&) = delete;
  virtual ~PoolLedger() = default;

  // Adds what must survive a reboot: every pool of which anything was spent in its window.
  virtual void collect(std::vector<PoolSpent>& pools) = 0;
  // What a former life of the node had spent: pools begin at least there.
  virtual void restore(std::span<const PoolSpent> pools) = 0;
};

}  // namespace headrace::core

// What a successor does with the limits of a process that died.
//
// Concurrent permits of the dead are given back. What its shards held in shares goes back to the
// node. What was reserved for requests stays spent, in full: whether and how much of it was used,
// nobody knows any more; it has lapsed (core/limits/limit_flows.h). A slice of a sliding window or
// a bucket that was just on its way between node and share when the process died stays spent too:
// at most one for each shard, until its window has passed. One of a calendar window comes back
// (share_claim.h).
//
// Errors: words out of bounds are dropped and counted.
#pragma once

#include <cstdint>

#include "core/limits/limit_memory.h"
#include "core/limits/limit_terms.h"

namespace headrace::core {

struct LimitRecovery {
  std::uint64_t permits_returned = 0;
  std::uint64_t shares_returned = 0;
};

// `dead` is an incarnation whose lock the caller holds. May be interrupted by death and done again.
LimitRecovery recover_limits(const LimitMemory& memory, std::uint32_t dead, LimitTime now);

// The memory for steps that the dead have lost: at most one block for each shard that died. Only
// while no other process uses the region. Returns how many there were.
std::uint64_t collect_lost_step_blocks(const LimitMemory& memory);

}  // namespace headrace::core

#include "core/limits/limit_recovery.h"

#include "core/limits/concurrency_pool.h"
#include "core/limits/limit_return.h"
#include "core/limits/limit_table.h"
#include "core/limits/limit_traits.h"
#include "core/limits/share_claim.h"
#include "core/planted_bug.h"

namespace headrace::core {

namespace {

// What the permits of a dead shard held has come back with their limits, or is nobody's any more.
// One store for each count, of what is then right: it may be done again.
void end_flows(LimitFlows& flows) {
  if (planted(PlantedBug::dead_left_holding)) return;
  for (LimitFlow& flow : flows.measures)
    LimitFlow::add(flow.lapsed, static_cast<std::int64_t>(flow.held()));
  LimitFlow& permits = flows.concurrent;
  LimitFlow::add(permits.refunded, static_cast<std::int64_t>(permits.held()));
}

}  // namespace

LimitRecovery recover_limits(const LimitMemory& memory, std::uint32_t dead, LimitTime now) {
  LimitTable table(memory, dead);
  LimitRecovery recovery;
  table.drop_claims_of(dead);
  for (std::uint32_t index = 0; index < table.capacity(); ++index) {
    const auto place = table.in_use(index);
    if (!place) continue;
    const LimitLife entry = table.life(*place);
    if (LimitTraits::kind(entry->traits.load()) != WindowKind::concurrency) continue;
    recovery.permits_returned += static_cast<std::uint64_t>(
        ConcurrencyPool(entry, memory.incarnations, dead).give_back_all());
  }
  for (std::uint32_t shard = 0; shard < memory.shards; ++shard) {
    for (ShareSlot& slot : memory.shares_of(dead, shard)) {
      judge_claim(memory, dead, shard, slot);
      if (return_share(table, memory, dead, slot, now)) ++recovery.shares_returned;
    }
    end_flows(memory.flows_of(dead, shard));
  }
  return recovery;
}

std::uint64_t collect_lost_step_blocks(const LimitMemory& memory) {
  return StepBlockPool(memory).collect_lost(memory.entries);
}

}  // namespace headrace::core

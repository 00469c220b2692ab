#include "core/limits/limit_memory.h"

namespace headrace::core {

LimitMemory LimitMemory::of(const SharedRegion& region) {
  const RegionGeometry& geometry = region.geometry();
  // Those of one incarnation's shards lie one behind the other: whole pages, and whole cache lines.
  LimitMemory memory{.header = reinterpret_cast<LimitHeader*>(region.limit_header().data()),
                     .marks = {reinterpret_cast<SharedWord*>(region.limit_marks().data()),
                               limit_mark_count(geometry.limit_slots)},
                     .entries = {reinterpret_cast<LimitEntry*>(region.limit_entries().data()),
                                 geometry.limit_slots},
                     .blocks = {reinterpret_cast<StepBlock*>(region.limit_step_blocks().data()),
                                geometry.limit_step_blocks},
                     .shares = {},
                     .flows = {},
                     .users = region.incarnation_slots(),
                     .incarnations = geometry.incarnations,
                     .shards = geometry.shards};
  for (std::uint32_t incarnation = 0; incarnation < geometry.incarnations; ++incarnation) {
    const std::span<std::byte> first = region.shard_area(ShardArea::limit_shares, incarnation, 0);
    memory.shares[incarnation] = reinterpret_cast<ShareSlot*>(first.data());
    const std::span<std::byte> flows = region.shard_area(ShardArea::limit_flows, incarnation, 0);
    memory.flows[incarnation] = reinterpret_cast<LimitFlows*>(flows.data());
  }
  return memory;
}

}  // namespace headrace::core

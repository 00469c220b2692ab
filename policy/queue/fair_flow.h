// Who waits in a fair queue (fair_queue.h), and for whom: entries belong to whoever waits, flows to
// a pool that all queues of a shard share.
//
// Threads:  one shard.
// Lifetime: an entry outlives its stay in a queue. A flow lives while somebody of its tenant waits,
//           and afterwards as long as its place is not needed: it remembers what the tenant had.
// Bounds:   as many flows as the pool holds, one for each tenant and queue.
#pragma once

#include <cstdint>
#include <vector>

#include "core/intrusive_list.h"
#include "core/slot_pool.h"

namespace headrace::policy {

class FairQueue;
struct FairEntryTag;
struct FairFlow;
struct FlowBucketTag;
struct IdleFlowTag;

struct FairEntry : core::ListHook<FairEntryTag> {
  FairFlow* flow = nullptr;  // null: it stands in no queue
  std::uint64_t cost = 1;    // of what the limit counts
  std::uint64_t step = 0;    // by which its turn moved the tag of its tenant
};

// What one tenant has in one queue.
struct FairFlow : core::ListHook<IdleFlowTag>, core::ListHook<FlowBucketTag> {
  FairFlow(const FairQueue& of, std::uint64_t whose) : queue(&of), tenant(whose) {}

  const FairQueue* queue;
  std::uint64_t tenant;
  std::uint64_t weight = 1;
  std::uint64_t start = 0;         // its tag: the lowest one is next
  std::uint64_t cost_waiting = 0;  // of all its entries
  FairFlow* earlier = nullptr;     // in order of their starts; of an idle one unused
  FairFlow* later = nullptr;
  core::IntrusiveList<FairEntry, FairEntryTag> waiting;  // the oldest first
};

class FairFlows {
 public:
  explicit FairFlows(std::uint32_t flows_max);

  [[nodiscard]] FairFlow* find(const FairQueue& queue, std::uint64_t tenant);
  // Null: there are as many as there may be.
  [[nodiscard]] FairFlow* make(const FairQueue& queue, std::uint64_t tenant);
  void destroy(FairFlow& flow) { flows_.destroy(flow); }

  [[nodiscard]] std::uint32_t in_use() const { return flows_.in_use(); }
  static std::size_t planned_bytes(std::uint32_t flows_max) {
    return core::SlotPool<FairFlow>::planned_bytes(flows_max);
  }

 private:
  using Bucket = core::IntrusiveList<FairFlow, FlowBucketTag>;

  [[nodiscard]] Bucket& bucket_of(const FairQueue& queue, std::uint64_t tenant);

  core::SlotPool<FairFlow> flows_;
  std::vector<Bucket> buckets_;
};

}  // namespace headrace::policy

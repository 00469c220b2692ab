#include "policy/queue/fair_flow.h"

#include <algorithm>
#include <bit>

namespace headrace::policy {

FairFlows::FairFlows(std::uint32_t flows_max)
    : flows_("tenants that wait", flows_max),
      buckets_(std::bit_ceil(std::max<std::uint32_t>(flows_max, 1))) {}

FairFlows::Bucket& FairFlows::bucket_of(const FairQueue& queue, std::uint64_t tenant) {
  // Identities of tenants are hashes already; one that stands in several queues is spread.
  constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15U;
  const std::uint64_t mixed = (tenant ^ reinterpret_cast<std::uintptr_t>(&queue)) * kSpread;
  return buckets_[(mixed >> 32U) & (buckets_.size() - 1)];
}

FairFlow* FairFlows::find(const FairQueue& queue, std::uint64_t tenant) {
  Bucket& bucket = bucket_of(queue, tenant);
  for (FairFlow* each = bucket.first(); each != nullptr; each = bucket.after(*each)) {
    if (each->queue == &queue && each->tenant == tenant) return each;
  }
  return nullptr;
}

FairFlow* FairFlows::make(const FairQueue& queue, std::uint64_t tenant) {
  FairFlow* flow = flows_.make(queue, tenant);
  if (flow != nullptr) bucket_of(queue, tenant).push_front(*flow);
  return flow;
}

}  // namespace headrace::policy

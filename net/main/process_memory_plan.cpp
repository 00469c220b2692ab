#include "net/main/process_memory_plan.h"

#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/proxy/quota_hold.h"
#include "net/proxy/request_message.h"
#include "net/proxy/silent_call.h"
#include "net/proxy/target_hold.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

core::MemoryPlan process_memory_plan(const DataPlaneShard::Options& options,
                                     const core::IoOptions& io_options, std::size_t shards,
                                     const SharedMemoryBytes& shared) {
  const ShardCapacity& capacity = options.capacity;
  core::MemoryPlan plan;
  plan.add("io rings and receive buffers", shards, core::Io::planned_bytes(io_options),
           "a shard's ring, small and bulk buffers");
  plan.add("client connections", shards * capacity.downstream_connections,
           sizeof(DownstreamConnection), "each connection, idle or not");
  plan.add("provider connections", shards * capacity.upstream_connections,
           sizeof(UpstreamConnection), "each connection, idle or not");
  plan.add("exchanges", shards * capacity.exchanges, sizeof(Exchange), "each request under way");
  plan.add("requests held", shards * capacity.messages, sizeof(RequestMessage),
           "until their answer begins");
  plan.add("limits held", shards * capacity.exchanges, sizeof(QuotaHold),
           "requests of callers with limits");
  plan.add("calls beside another", shards * capacity.exchanges, sizeof(SilentCall),
           "requests that were hedged");
  plan.add("limits of targets held", shards * capacity.exchanges, sizeof(TargetHold),
           "requests to targets with limits");
  plan.add("decisions", shards * capacity.exchanges, sizeof(policy::DecisionTrail),
           "requests that may be audited");
  plan.add("learned models", shards, sizeof(policy::LearnedModels), "how models count tokens");
  plan.add("head blocks", shards * capacity.head_blocks, kHeadBlockBytes,
           "heads, local answers, cut events");
  plan.add("TLS blocks", shards * capacity.tls_blocks, kTlsBlockBytes, "ciphertext being sent");
  plan.add("access log rings", shards, AccessLog::kRingBytes, "lines not yet written");
  plan.add("shared region", 1, shared.region, "config base, and what outlives the process");
  plan.add("cache", 1, shared.cache, "answers that are kept, and what it takes to find them");
  plan.add("cache users", shards,
           ShardCache::planned_bytes(options.cache_limits, static_cast<std::uint32_t>(shards)),
           "requests that use it, and what shards say to each other");
  plan.add("queues", shards,
           ShardQueue::planned_bytes(options.queue_limits, static_cast<std::uint32_t>(shards)),
           "requests that wait for a limit, and what shards say to each other");
  plan.add("bodies", 1, shared.bodies, "all bodies held whole, of all shards");
  return plan;
}

}  // namespace headrace::net

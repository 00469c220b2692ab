// What belongs to one shard of the data plane and is reached by everything that runs on it: its io,
// timers, pools, scratch memory, counters and current config.
//
// Threads: one shard. Nothing here is shared, but for reading the counters.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/block_pool.h"
#include "core/body_pool.h"
#include "core/io.h"
#include "core/limits/accepted_wall_clock.h"
#include "core/limits/shard_limits.h"
#include "core/slot_pool.h"
#include "core/timer_wheel.h"
#include "net/edge/address_limits.h"
#include "net/edge/starved_transports.h"
#include "net/edge/tls_waiting.h"
#include "net/http/date.h"
#include "net/http/request_head.h"
#include "net/http/response_head.h"
#include "net/proxy/exchange_state.h"
#include "net/shard_counters.h"
#include "net/tls/workspace.h"
#include "policy/decision_trail.h"
#include "policy/dialect/answer_pattern.h"
#include "policy/estimate/learned_models.h"
#include "policy/explanation.h"
#include "policy/quota/budget_notices.h"
#include "policy/quota/limit_chain.h"
#include "policy/record/refusal_sampling.h"

namespace headrace::net {

class AccessLog;
class AuditLog;
class ShardCache;
class ShardQueue;
class DownstreamConnection;
class Exchange;
struct Fleet;
class RecordKeeper;
class ShardConfig;
class StageDelays;
class UpstreamConnection;
class UpstreamPool;
struct HungryPoolTag;
struct QuotaHold;
struct TargetHold;
struct ReturningPoolTag;
struct RequestMessage;
struct RunQueueTag;
class SilentCall;

// Ciphertext of one full record, and of what goes with it.
inline constexpr std::size_t kTlsBlockBytes = 20 * 1024;
// Room for one head that we write, and for a local answer's head and body.
inline constexpr std::size_t kHeadBlockBytes = 8 * 1024;

struct ShardCapacity {
  std::uint32_t downstream_connections = 16 * 1024;
  std::uint32_t upstream_connections = 16 * 1024;
  std::uint32_t exchanges = 16 * 1024;
  std::uint32_t messages = 16 * 1024;
  std::uint32_t head_blocks = 1024;
  std::uint32_t tls_blocks = 1024;
};

struct ShardContext {
  ShardContext(core::Io& shard_io, core::TimerWheel& shard_timers, std::uint32_t shard_number,
               const ShardCapacity& capacity, core::BodyBudget& body_budget,
               std::size_t body_bytes_max);
  ~ShardContext();
  ShardContext(const ShardContext&) = delete;
  ShardContext& operator=(const ShardContext&) = delete;

  [[nodiscard]] core::Instant now() const { return io->now(); }
  // Within one moment it is the same: each of a request's stages asks.
  [[nodiscard]] core::LimitTime limit_time() {
    const core::WallTime system = io->wall_now();
    if (limit_time_.monotonic != now() || limit_time_system_ != system) {
      limit_time_ = {.monotonic = now(),
                     .wall = limit_clock ? limit_clock->at(now(), system) : system};
      limit_time_system_ = system;
    }
    return limit_time_;
  }

  core::Io* io;
  core::TimerWheel* timers;
  std::uint32_t number;
  ShardConfig* config = nullptr;  // what new requests are served by
  AccessLog* access_log = nullptr;
  RecordKeeper* record_keeper = nullptr;  // none: the config has no journal
  AuditLog* audit_log = nullptr;          // none: nothing is audited
  const Fleet* fleet = nullptr;           // all shards, for the admin pages
  StageDelays* stage_delays = nullptr;    // in the simulator only
  ShardCache* cache = nullptr;            // none: nothing is kept
  ShardQueue* queue = nullptr;            // none: nobody waits
  bool closing = false;                   // whatever runs is ended
  bool draining = false;                  // connections end with the request they are in
  std::size_t small_buffer_bytes = 4096;
  std::size_t small_buffers = 1024;
  std::size_t bulk_buffers = 8;
  // Leased ones from which on held requests move, and what is queued (net/proxy/buffer_relief.h).
  std::size_t small_buffers_scarce = 512;
  std::size_t small_buffers_short = 768;

  StarvedTransports starved;
  AddressLimits address_limits;
  core::BlockPool head_blocks;
  core::BlockPool tls_blocks;
  TlsWaiting tls_waiting;
  core::BodyPool bodies;
  core::SlotPool<DownstreamConnection> downstreams;
  core::SlotPool<UpstreamConnection> upstreams;
  core::SlotPool<Exchange> exchanges;
  core::SlotPool<RequestMessage> messages;
  core::SlotPool<QuotaHold> quota_holds;
  core::SlotPool<SilentCall> silent_calls;
  core::SlotPool<TargetHold> target_holds;
  core::SlotPool<policy::Explanation> explanations;
  core::SlotPool<policy::DecisionTrail> decision_trails;
  // Exchanges that go on in the next turn with what one turn must not do at once.
  core::IntrusiveList<Exchange, RunQueueTag> run_queue;
  // Pools for whose connections there was no place; another pool's idle one makes it.
  core::IntrusiveList<UpstreamPool, HungryPoolTag> hungry_pools;
  // Pools to which connections were given back in this turn.
  core::IntrusiveList<UpstreamPool, ReturningPoolTag> returning_pools;

  // What limits stand on. None: nothing is limited (tests only).
  std::optional<core::ShardLimits> limits;
  std::optional<core::AcceptedWallClock> limit_clock;
  policy::BudgetNotices* budget_notices = nullptr;
  std::unique_ptr<policy::LearnedModels> learned_models;

  // What answers look like.
  policy::AnswerPatterns answer_patterns;

  // Scratch: valid within one handler only.
  policy::LimitChain limit_chain;
  http::RequestHead request_head;
  http::ResponseHead response_head;
  http::DateCache date;

  tls::Workspace tls_workspace;

  policy::RefusalSampling refusal_sampling;
  ShardCounters counters;
  ExchangeMoves exchange_moves{};

 private:
  core::LimitTime limit_time_;
  core::WallTime limit_time_system_;  // by the system's clock
};

}  // namespace headrace::net

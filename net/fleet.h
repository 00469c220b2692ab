// All shards of the process, for the admin pages of any one of them: read-only, and only what may
// be read from other threads (core/counters.h). And what they have in common.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cache/cache_partition.h"
#include "core/counters.h"
#include "core/last_use_table.h"
#include "core/limits/limit_memory.h"
#include "core/region_layout.h"
#include "core/shard.h"
#include "net/journal/journal_statistics.h"
#include "net/process_watch.h"
#include "net/shard_counters.h"

namespace headrace::net {

struct FleetShard {
  const core::ShardStatistics* statistics = nullptr;
  const ShardCounters* counters = nullptr;
  const core::CachePartitionStatistics* cache = nullptr;  // none: nothing is kept
  const std::atomic<bool>* ended = nullptr;               // after a drain: nothing runs any more
};

// Filled in before the first shard runs; the flags change while they run.
struct Fleet {
  std::vector<FleetShard> shards;
  // Of the shared region: what is known of providers and their keys.
  std::span<core::TargetSlot> target_slots;
  std::span<core::KeySlot> key_slots;
  core::LimitMemory limits;                       // without a header: none (tests only)
  core::LastUseTable last_uses;                   // of API keys, by their identity
  const JournalStatistics* journal = nullptr;     // none: the config has no journal
  const ProcessWatch::Gauges* process = nullptr;  // none: nobody looks
  // Lines that a log's output did not take; none: there is no such log.
  const core::Counter* access_lines_lost = nullptr;
  const core::Counter* audit_lines_lost = nullptr;
  std::atomic<bool> ready{false};
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> config_generation{1};
  std::atomic<std::uint64_t> config_reloads_failed{0};
};

}  // namespace headrace::net

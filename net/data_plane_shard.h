// One shard of the data plane: its listeners, configs and everything that runs on it, driven by
// core::Shard's turns.
//
// Threads:  made on the main thread; then the shard's, but for command() (main thread) and the
//           getters that say so.
// Reload:   a new snapshot becomes current between two turns; requests that run finish under the
//           old one, which is let go of when the last of them has.
// Draining: no new connections or requests; what runs ends by itself or, after the grace period, is
//           closed. ended() then.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/attendant.h"
#include "core/shard.h"
#include "core/spsc_ring.h"
#include "net/cache/shard_cache.h"
#include "net/config_snapshot.h"
#include "net/journal/record_keeper.h"
#include "net/limit_tending.h"
#include "net/log/access_log.h"
#include "net/log/audit_log.h"
#include "net/queue/shard_queue.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/shard_listeners.h"
#include "net/upstream/name_work.h"

namespace headrace::net {

struct Fleet;

// `leave_pages`: while it drains, the operators' pages are a successor's.
enum class ShardCommandKind : std::uint8_t { reload, drain, leave_pages, close };

struct ShardCommand {
  ShardCommandKind kind = ShardCommandKind::reload;
  // Of a reload: taken over by the shard.
  std::shared_ptr<const ConfigSnapshot>* snapshot = nullptr;
};

class DataPlaneShard final : public core::ShardHooks {
 public:
  struct Options {
    ShardCapacity capacity;
    core::ShardOptions shard;
    std::size_t small_buffers = 0;
    std::size_t bulk_buffers = core::IoOptions{}.bulk_buffers;
    std::size_t small_buffer_bytes = 0;
    // What limits stand on, and whose part of it this process has. No header: nothing is limited.
    core::LimitMemory limits;
    std::uint32_t incarnation = 0;
    // Outlives the shard; none: that a share of a budget was passed is counted only.
    policy::BudgetNotices* budget_notices = nullptr;
    ProcessCache* cache = nullptr;  // outlives the shard; none: nothing is kept
    ShardCacheLimits cache_limits;
    ProcessQueues* queues = nullptr;  // outlives the shard; none: nobody waits for a limit
    ShardQueueLimits queue_limits;
  };

  // `names` (may be null where no provider has a name), budget and fleet outlive the shard.
  DataPlaneShard(std::uint32_t number, std::unique_ptr<core::Io> io, core::Mailbox* mailbox,
                 std::shared_ptr<const ConfigSnapshot> snapshot, core::BodyBudget& budget,
                 core::Attendant<NameWork>* names, const Fleet* fleet, const Options& options);
  ~DataPlaneShard();

  // Before the shard runs: who signs with the keys that are too slow for it (none: the shard).
  void attach(core::Attendant<tls::SignatureWork>& signer) { context_.tls_waiting.attach(signer); }
  // Before the shard runs: where its records go (nowhere: none are kept). The areas and the bell
  // outlive the shard.
  void keep_records(const policy::RecordSource& source, const policy::ShardRecordAreas& areas,
                    LogBell* bell);
  // Before the shard runs: opens the listening sockets. `first` is the first shard, which listens
  // already (null: this is it). The error is for an operator.
  std::expected<void, std::string> listen(const DataPlaneShard* first = nullptr) {
    return listeners_.open(first == nullptr ? nullptr : &first->listeners_);
  }

  // From the main thread. False: the queue is full.
  [[nodiscard]] bool command(ShardCommand command);
  // From any thread: reloads taken over, and whether nothing runs any more after a drain.
  [[nodiscard]] std::uint64_t reloads_done() const { return reloads_done_.load(); }
  [[nodiscard]] bool ended() const { return ended_.load(); }
  [[nodiscard]] const std::atomic<bool>& ended_flag() const { return ended_; }

  [[nodiscard]] core::Shard& shard() { return shard_; }
  [[nodiscard]] ShardContext& context() { return context_; }
  [[nodiscard]] const ShardContext& context() const { return context_; }
  [[nodiscard]] const ShardCache* cache() const { return cache_.get(); }
  [[nodiscard]] const ShardQueue* queue() const { return queue_.get(); }
  [[nodiscard]] AccessLog& access_log() { return access_log_; }
  [[nodiscard]] AuditLog& audit_log() { return audit_log_; }
  [[nodiscard]] std::vector<std::string> listening_on() const { return listeners_.addresses(); }

 private:
  static constexpr std::size_t kCommandsMax = 16;
  static constexpr std::size_t kRunQueuePerTurn = 8;
  static constexpr std::uint32_t kHealthShard = 0;

  void on_start(core::Shard& shard) override;
  void on_message(const core::Message& message) override;
  bool on_turn(core::Instant now) override;
  void on_second(core::Instant now) override;

  bool retry_starved();
  void run_queue();
  void take_commands();
  void take_config(std::shared_ptr<const ConfigSnapshot> snapshot);
  void ask_for_names(ShardConfig& config);
  void take_names();
  void let_go();
  [[nodiscard]] bool others_ended() const;

  core::Shard shard_;
  ShardContext context_;
  LimitTending limits_;
  std::unique_ptr<ShardCache> cache_;
  std::unique_ptr<ShardQueue> queue_;
  AccessLog access_log_;
  AuditLog audit_log_;
  std::unique_ptr<RecordKeeper> record_keeper_;
  core::Attendant<NameWork>* names_;
  std::vector<std::unique_ptr<ShardConfig>> configs_;  // the current one is the last
  ShardListeners listeners_;
  core::SpscRing<ShardCommand> commands_;
  std::uint64_t config_number_ = 0;
  bool draining_ = false;
  std::atomic<std::uint64_t> reloads_done_{0};
  std::atomic<bool> ended_{false};
};

}  // namespace headrace::net

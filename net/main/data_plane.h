// The data plane as a process: shards and attendants, started together, reloaded and ended by
// signals.
//
// Threads: made, run and ended on the main thread, which waits for signals and looks at the process
// now and then.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/attendant_thread.h"
#include "core/mailbox.h"
#include "core/shard_thread.h"
#include "net/data_plane_shard.h"
#include "net/fleet.h"
#include "net/main/command_line.h"
#include "net/main/journal_home.h"
#include "net/main/process_logs.h"
#include "net/main/region_home.h"
#include "net/main/start_settings.h"
#include "net/process_watch.h"
#include "net/tls/signature_work.h"
#include "policy/config/seal.h"

namespace headrace::net {

class DataPlane {
 public:
  DataPlane(CommandLine line, const policy::config::MasterKey& master_key);
  ~DataPlane();

  // Everything that may fail at start-up; the error is for an operator.
  std::expected<void, std::string> start(std::shared_ptr<const ConfigSnapshot> snapshot);
  // Until a signal ended it. Signals must be blocked in all threads (block_signals()).
  void run();

  // First of all: a reload or another log file asked for during start-up waits until run() can do
  // it, where by itself it would end the process.
  static void hold_reloads();
  // Before any thread is made: signals go to run() alone.
  static void block_signals();

 private:
  std::expected<void, std::string> make_shards(
      const std::shared_ptr<const ConfigSnapshot>& snapshot);
  void keep_records(DataPlaneShard& shard, std::uint32_t number);
  void finish_region();
  void reload();
  void tell_all(ShardCommandKind kind);
  void drain();
  bool wait_until_ended(std::chrono::milliseconds longest);

  CommandLine line_;
  policy::config::MasterKey master_key_;
  std::shared_ptr<const ConfigSnapshot> snapshot_;
  std::optional<StartSettings> started_with_;
  std::optional<RegionHome> region_;
  bool pages_left_ = false;               // to a successor
  std::unique_ptr<JournalHome> journal_;  // none: the config has none
  ProcessWatch process_watch_;
  Fleet fleet_;
  std::unique_ptr<core::BodyBudget> budget_;
  std::unique_ptr<policy::BudgetNotices> budget_notices_;
  std::unique_ptr<ProcessCache> cache_;
  std::unique_ptr<ProcessQueues> queues_;
  std::unique_ptr<core::PostOffice> post_office_;
  std::vector<std::unique_ptr<core::Mailbox>> mailboxes_;
  NameWork name_work_;
  std::unique_ptr<core::Attendant<NameWork>> names_;
  std::unique_ptr<core::AttendantThread<NameWork>> names_thread_;
  tls::SignatureWork signature_work_;
  std::unique_ptr<core::Attendant<tls::SignatureWork>> signatures_;
  std::unique_ptr<core::AttendantThread<tls::SignatureWork>> signatures_thread_;
  std::vector<std::unique_ptr<DataPlaneShard>> shards_;
  ProcessLogs logs_;
  std::vector<std::unique_ptr<core::ShardThread>> threads_;
};

}  // namespace headrace::net

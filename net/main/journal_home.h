// The journal of the process: its folder, its thread, and what of the region goes into it.
//
// Threads: the main thread.  Lifetime: the region outlives it; stop() when no shard runs any more.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "net/journal/disk_files.h"
#include "net/journal/journal.h"
#include "net/journal/journal_thread.h"
#include "net/main/region_home.h"
#include "policy/config/config_view.h"

namespace headrace::net {

class JournalHome {
 public:
  // Claims the region's incarnation: where all are taken by the dead, those are settled first.
  // Nothing: the config has no journal. The error is for an operator.
  static std::expected<std::unique_ptr<JournalHome>, std::string> open(
      const policy::config::ConfigView& view, RegionHome& region);

  void start() { thread_->start(); }
  void stop() { thread_->stop(); }
  [[nodiscard]] Journal& journal() { return *journal_; }
  [[nodiscard]] LogBell& bell() { return thread_->bell(); }

 private:
  std::unique_ptr<DiskFiles> files_;
  std::unique_ptr<core::PoolLedger> pools_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<JournalThread> thread_;
};

}  // namespace headrace::net

// Drives the journal on a thread of its own, called "journal".
//
// Threads:  start() and stop() on the main thread; ring() from any.
// Lifetime: the journal must outlive it. stop() comes when no shard runs any more: then everything
//           is written, and the journal closed.
#pragma once

#include <atomic>
#include <thread>

#include "net/journal/journal.h"
#include "net/log/log_bell.h"

namespace headrace::net {

class JournalThread {
 public:
  explicit JournalThread(Journal& journal) : journal_(journal) {}
  JournalThread(const JournalThread&) = delete;
  JournalThread& operator=(const JournalThread&) = delete;
  ~JournalThread() { stop(); }

  void start();
  void stop();
  // Somebody waits for the disk, or a ring fills up.
  [[nodiscard]] LogBell& bell() { return bell_; }

 private:
  void run();

  Journal& journal_;
  LogBell bell_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace headrace::net

// The other side of the access log, and of the audit log: takes records from every shard's ring,
// makes JSON lines of them and writes them out in large pieces.
//
// Threads:  one of its own, from start() to stop(); reopen() from any.
// Pace:     looks at the rings every kPause while there is little to do; a shard whose ring fills
// up
//           faster calls it.
// Errors:   an output that cannot be written is told once a minute on the event log, with the
//           number of lines lost; the gateway goes on.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/log/access_log.h"

namespace headrace::net {

class LogWriter {
 public:
  static constexpr std::chrono::milliseconds kPause{50};

  // `what`: by which errors call it. `path` empty: standard output.
  static std::expected<std::unique_ptr<LogWriter>, std::string> open(std::string_view what,
                                                                     const std::string& path);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Before start(); the log must outlive stop().
  void attach(AccessLog& log) {
    logs_.push_back(&log);
    log.call(bell_);
  }
  void start();
  // Writes what is there, then ends.
  void stop();
  // The file was moved away: go on in a new one of the same name.
  void reopen() { reopen_.store(true, std::memory_order_release); }

 private:
  LogWriter(std::string_view what, std::string path, int descriptor)
      : what_(what), path_(std::move(path)), descriptor_(descriptor) {}
  void run();
  bool drain();
  void write_out();
  void open_again();

  std::string what_;
  std::string path_;
  int descriptor_;
  std::vector<char> text_;  // lines being put together, of which text_bytes_ are filled
  std::size_t text_bytes_ = 0;
  std::vector<AccessLog*> logs_;
  LogBell bell_;
  std::atomic<bool> reopen_{false};
  std::atomic<bool> stop_{false};
  std::uint64_t lines_lost_ = 0;
  std::thread thread_;
};

}  // namespace headrace::net

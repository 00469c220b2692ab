// The other side of the access log, and of the audit log: takes records from every shard's ring,
// makes JSON lines of them and writes them out in large pieces.
//
// Threads:  one of its own, from start() to stop(); reopen() from any.
// Pace:     looks at the rings every kPause while there is little to do; a shard whose ring fills
//           up faster calls it.
// Errors:   an output that takes nothing is told once a minute on the event log, with the number of
//           lines lost, which a metric has too; the gateway goes on. What was cut amid a line ends
//           there: the lines behind it are whole.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/counters.h"
#include "net/log/log_ring.h"

namespace headrace::net {

// What a log is called, and how one of its records becomes lines.
struct LogKind {
  std::string_view name;         // by which errors call it
  std::string_view thread_name;  // at most 15 bytes
  std::size_t lines_bytes_max;   // of one record
  std::size_t (*write_lines)(std::span<const std::byte> record, std::span<char> out);
};
extern const LogKind kAccessLogKind;
extern const LogKind kAuditLogKind;

class LogWriter {
 public:
  static constexpr std::chrono::milliseconds kPause{50};

  // `path` empty: standard output. `kind` outlives the writer.
  static std::expected<std::unique_ptr<LogWriter>, std::string> open(const LogKind& kind,
                                                                     const std::string& path);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Before start(); the log must outlive stop().
  void attach(LogRing& log) {
    logs_.push_back(&log);
    log.call(bell_);
  }
  void start();
  // Writes what is there, then ends; a pipe that nobody reads is waited for once.
  void stop();
  // The file was moved away: go on in a new one of the same name.
  void reopen() { reopen_.store(true, std::memory_order_release); }
  // Lines that the output did not take. Any thread may read it.
  [[nodiscard]] const core::Counter& lines_lost() const { return lines_lost_; }

 private:
  LogWriter(const LogKind& kind, std::string path, int descriptor)
      : kind_(kind), path_(std::move(path)), descriptor_(descriptor) {}
  void run();
  bool drain();
  void write_out();
  std::size_t write_some(std::string_view text);
  void lose(std::string_view text);
  void open_again();

  const LogKind& kind_;
  std::string path_;
  int descriptor_;
  std::vector<char> text_;  // lines being put together, of which text_bytes_ are filled
  std::size_t text_bytes_ = 0;
  std::vector<LogRing*> logs_;
  LogBell bell_;
  std::atomic<bool> reopen_{false};
  std::atomic<bool> stop_{false};
  core::Counter lines_lost_;
  bool may_block_ = false;     // a write would wait as long as the reader likes
  int output_wait_ms_ = 1000;  // for a pipe whose reader is slow
  bool amid_line_ = false;     // the output took a part of a line only
  std::chrono::steady_clock::time_point told_at_{};
  std::thread thread_;
};

}  // namespace headrace::net

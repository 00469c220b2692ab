#include "net/log/log_writer.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/event_log.h"
#include "core/shard_thread.h"
#include "net/log/audit_log.h"
#include "net/log/log_line.h"

namespace headrace::net {

namespace {

constexpr std::size_t kWriteBytes = 64 * 1024;
constexpr std::chrono::minutes kToldAgainAfter{1};

// A named pipe whose reader is away must hold up neither a start nor an end.
int open_file(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
}

// Standard output is not ours alone: it cannot be told not to block. Files never do for long.
bool is_file(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

// Why it could not be opened.
const char* why_not_opened() {
  return errno == ENXIO ? "a pipe that nobody reads: start its reader first" : std::strerror(errno);
}

bool wait_for_room(int descriptor, int longest_ms) {
  pollfd output{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, longest_ms) == 1;
}

}  // namespace

const LogKind kAccessLogKind{.name = "access log",
                             .thread_name = "access-log",
                             .lines_bytes_max = kLogLineBytesMax,
                             .write_lines = &write_access_line};
const LogKind kAuditLogKind{.name = "audit log",
                            .thread_name = "audit-log",
                            .lines_bytes_max = kAuditLinesBytesMax,
                            .write_lines = &write_audit_lines};

std::expected<std::unique_ptr<LogWriter>, std::string> LogWriter::open(const LogKind& kind,
                                                                       const std::string& path) {
  int descriptor = STDOUT_FILENO;
  if (!path.empty()) {
    descriptor = open_file(path);
    if (descriptor < 0) {
      return std::unexpected(
          fmt::format("cannot open the {} {}: {}", kind.name, path, why_not_opened()));
    }
  }
  std::unique_ptr<LogWriter> writer(new LogWriter(kind, path, descriptor));
  writer->may_block_ = path.empty() && !is_file(descriptor);
  return writer;
}

LogWriter::~LogWriter() {
  stop();
  if (!path_.empty() && descriptor_ >= 0) ::close(descriptor_);
}

void LogWriter::start() {
  thread_ = std::thread([this] { run(); });
}

void LogWriter::stop() {
  stop_.store(true, std::memory_order_release);
  bell_.ring();
  if (thread_.joinable()) thread_.join();
}

void LogWriter::run() {
  core::name_thread(std::string(kind_.thread_name));
  text_.resize(kWriteBytes + kind_.lines_bytes_max);
  for (;;) {
    // Looked at before the rings, so that what was written before the stop is still taken.
    const bool last = stop_.load(std::memory_order_acquire);
    if (reopen_.exchange(false, std::memory_order_acq_rel)) open_again();
    while (drain()) {
    }
    if (last) return;
    bell_.wait(kPause);
  }
}

// One piece's worth of lines. False when the rings are empty.
bool LogWriter::drain() {
  bool any = false;
  for (LogRing* log : logs_) {
    core::SpscByteConsumer& ring = log->ring().consumer();
    while (text_bytes_ < kWriteBytes) {
      const auto entry = ring.front();
      if (!entry) break;
      text_bytes_ += kind_.write_lines(entry->bytes, std::span(text_).subspan(text_bytes_));
      ring.drop_front();
      any = true;
    }
  }
  write_out();
  return any;
}

void LogWriter::write_out() {
  std::size_t written = 0;
  std::string_view text(text_.data(), std::exchange(text_bytes_, 0));
  if (text.empty()) return;
  if (amid_line_ && write_some("\n") == 1) amid_line_ = false;
  while (!amid_line_ && written < text.size()) {
    const std::size_t taken = write_some(text.substr(written));
    if (taken == 0) break;
    written += taken;
  }
  text.remove_prefix(written);
  if (text.empty()) return;
  // An end waits for no reader twice, whatever is still to be written.
  if (stop_.load(std::memory_order_acquire)) output_wait_ms_ = 0;
  amid_line_ |= written > 0 && text_[written - 1] != '\n';
  lose(text);
}

// How much of it was taken; errno says why nothing was.
std::size_t LogWriter::write_some(std::string_view text) {
  for (;;) {
    if (may_block_) {
      if (!wait_for_room(descriptor_, output_wait_ms_)) {
        errno = EAGAIN;
        return 0;
      }
      text = text.substr(0, PIPE_BUF);  // which is taken at once where there is room
    }
    const ssize_t result = ::write(descriptor_, text.data(), text.size());
    if (result > 0) return static_cast<std::size_t>(result);
    if (result < 0 && errno == EINTR) continue;
    // A pipe: its reader is slow, not gone.
    if (result < 0 && errno == EAGAIN && wait_for_room(descriptor_, output_wait_ms_)) continue;
    return 0;
  }
}

void LogWriter::lose(std::string_view text) {
  const int error = errno;
  lines_lost_.add(static_cast<std::uint64_t>(std::ranges::count(text, '\n')));
  const auto now = std::chrono::steady_clock::now();
  if (told_at_ != std::chrono::steady_clock::time_point{} && now - told_at_ < kToldAgainAfter) {
    return;
  }
  told_at_ = now;
  HEADRACE_EVENT(warning, "{} {}: {}; {} lines lost so far", kind_.name,
                 path_.empty() ? "to standard output" : path_, std::strerror(error),
                 lines_lost_.value());
}

void LogWriter::open_again() {
  if (path_.empty()) return;
  const int descriptor = open_file(path_);
  if (descriptor < 0) {
    HEADRACE_EVENT(error, "cannot reopen the {} {}: {}; going on in the old file", kind_.name,
                   path_, why_not_opened());
    return;
  }
  ::close(descriptor_);
  descriptor_ = descriptor;
  amid_line_ = false;
}

}  // namespace headrace::net

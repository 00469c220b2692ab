#include "core/event_log.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "core/utf8_sequence.h"

namespace headrace::core {

namespace {

constinit std::atomic<int> log_descriptor{STDERR_FILENO};

constexpr std::array<std::string_view, 3> kLevelNames{"info", "warning", "error"};

timespec wall_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now;
}

// RFC 3339 with milliseconds, in UTC.
std::string time_text(const timespec& time) {
  tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     time.tv_nsec / 1'000'000);
}

bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  // U+0080 to U+009F command some terminals too.
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

// A line stays one line, and a terminal is not commanded by what a message quotes.
std::string printable(std::string_view message) {
  std::string text;
  text.reserve(message.size());
  while (!message.empty()) {
    const std::size_t bytes = utf8_sequence_bytes(message);
    if (bytes == 0 || is_control(message.substr(0, bytes))) {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(message[0]));
      message.remove_prefix(1);
    } else {
      text += message.substr(0, bytes);
      message.remove_prefix(bytes);
    }
  }
  return text;
}

// Cut where no UTF-8 sequence is torn apart.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  return text.substr(0, end);
}

constinit thread_local int wait_ms = 1000;

// A pipe that says so takes PIPE_BUF bytes at once, unless somebody else is quicker.
bool has_room(int descriptor) {
  pollfd output{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, wait_ms) == 1;
}

// False where that would have to wait for too long: then nothing is written, or of a line that is
// longer than a pipe takes at once only its beginning.
bool write_line(std::string_view line) {
  const int descriptor = log_descriptor.load(std::memory_order_relaxed);
  while (!line.empty()) {
    if (!has_room(descriptor)) return false;
    const ssize_t written =
        ::write(descriptor, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return true;  // nobody reads: there is no better place to say so
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

void send_event_log_to(int descriptor) {
  log_descriptor.store(descriptor);
}

void never_wait_for_event_log() {
  wait_ms = 0;
}

bool EventSite::allowed() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  // Threads that meet at a second's edge may share it unevenly: some lines more or less.
  if (second_.exchange(now.tv_sec, std::memory_order_relaxed) != now.tv_sec) {
    written_.store(0, std::memory_order_relaxed);
  }
  if (written_.fetch_add(1, std::memory_order_relaxed) < kEventsPerSiteMax) return true;
  suppressed_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void EventSite::write_formatted(fmt::string_view format, fmt::format_args args) {
  const std::string formatted = fmt::vformat(format, args);
  const std::string_view message = cut(formatted, kEventBytesMax);
  const std::uint32_t suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
  std::string line = fmt::format("{} {:7} {}", time_text(wall_time()),
                                 kLevelNames[std::to_underlying(level_)], printable(message));
  if (suppressed != 0) line += fmt::format(" (and {} more of these)", suppressed);
  line += "\n";
  if (write_line(line)) return;
  suppressed_.fetch_add(suppressed + 1, std::memory_order_relaxed);
}

}  // namespace headrace::core

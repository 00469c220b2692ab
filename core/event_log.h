// The log of the process itself (start, reload, trouble), one line an event on standard error. The
// access log is not written here.
//
//   HEADRACE_EVENT(warning, "cannot pin shard {} to processor {}: {}", shard, cpu, why);
//
// Threads: any; a line is one write, so lines never mix. Not for a shard's hot path: it formats and
//          allocates.
// Bounds:  each call site writes at most kEventsPerSiteMax lines a second, and none that standard
//          error has no room for: shards do not wait for its reader, other threads for a second at
//          most. What was left out is counted and told with that site's next line. A line is cut at
//          kEventBytesMax.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/core.h>

namespace headrace::core {

enum class EventLevel : std::uint8_t { info, warning, error };

inline constexpr std::uint32_t kEventsPerSiteMax = 10;
inline constexpr std::size_t kEventBytesMax = 4096;

// Where lines go from here on instead of standard error: what tests read. At a moment when the
// change may take effect in any order.
void send_event_log_to(int descriptor);

// The calling thread leaves out what would have to wait, from here on: shards.
void never_wait_for_event_log();

// One per place in the code that writes events.
class EventSite {
 public:
  constexpr explicit EventSite(EventLevel level) : level_(level) {}

  template <class... Args>
  void write(fmt::format_string<Args...> format, Args&&... args) {
    if (!allowed()) return;
    write_formatted(format, fmt::make_format_args(args...));
  }

 private:
  // The site's share of this second is not used up.
  bool allowed();
  void write_formatted(fmt::string_view format, fmt::format_args args);

  EventLevel level_;
  std::atomic<std::int64_t> second_{0};
  std::atomic<std::uint32_t> written_{0};     // in that second
  std::atomic<std::uint32_t> suppressed_{0};  // since the last line
};

}  // namespace headrace::core

#define HEADRACE_EVENT(level, ...)                                    \
  do {                                                                \
    static constinit ::headrace::core::EventSite headrace_event_site{ \
        ::headrace::core::EventLevel::level};                         \
    headrace_event_site.write(__VA_ARGS__);                           \
  } while (false)

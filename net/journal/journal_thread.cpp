#include "net/journal/journal_thread.h"

#include <algorithm>
#include <ctime>

#include "core/shard_thread.h"

namespace headrace::net {

namespace {

using std::chrono::milliseconds;

// A disk that takes nothing is asked again after so long: whoever makes room waits no longer.
constexpr milliseconds kRetryInterval{200};

std::int64_t nanos_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

core::Instant monotonic_now() {
  return core::Instant{core::Duration{nanos_of(CLOCK_MONOTONIC)}};
}

core::WallTime wall_now() {
  return {nanos_of(CLOCK_REALTIME)};
}

}  // namespace

void JournalThread::start() {
  thread_ = std::thread([this] { run(); });
}

void JournalThread::stop() {
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_release);
  bell_.ring();
  thread_.join();
  journal_.close(wall_now());
}

void JournalThread::run() {
  core::name_thread("journal");
  const auto interval = std::chrono::duration_cast<milliseconds>(journal_.options().flush_interval);
  while (!stop_.load(std::memory_order_acquire)) {
    if (journal_.step(monotonic_now(), wall_now())) {
      bell_.wait(interval);
    } else {
      // Who rings then rings in vain.
      std::this_thread::sleep_for(std::min(std::max(interval, milliseconds{1}), kRetryInterval));
    }
  }
}

}  // namespace headrace::net

#include "core/attendant_bell.h"

#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/check.h"

namespace headrace::core {

AttendantBell::AttendantBell() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  HEADRACE_CHECK(descriptor_ >= 0, "no descriptor left for an attendant's bell");
}

AttendantBell::~AttendantBell() {
  ::close(descriptor_);
}

// ring() makes work visible and then looks at waiting_; the waiter sets waiting_ and then looks for
// work. Both in one total order, so at least one of them sees the other.
void AttendantBell::ring() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!waiting_.load(std::memory_order_relaxed)) return;
  if (!waiting_.exchange(false)) return;
  const std::uint64_t one = 1;
  HEADRACE_CHECK(::write(descriptor_, &one, sizeof(one)) == sizeof(one));
}

void AttendantBell::about_to_wait() {
  waiting_.store(true, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void AttendantBell::stay_awake() {
  waiting_.store(false);
  swallow();
}

void AttendantBell::wait(std::chrono::milliseconds timeout) {
  pollfd readable{.fd = descriptor_, .events = POLLIN, .revents = 0};
  ::poll(&readable, 1, static_cast<int>(timeout.count()));
  stay_awake();
}

void AttendantBell::swallow() {
  std::uint64_t rings = 0;
  // Nothing to read is as good: it was not rung.
  [[maybe_unused]] const ssize_t got = ::read(descriptor_, &rings, sizeof(rings));
}

}  // namespace headrace::core

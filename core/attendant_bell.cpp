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

// ring() makes work visible and then exchanges waiting_; the waiter exchanges waiting_ and then
// looks for work. Of the two exchanges one comes second, and sees what its thread must know: that
// the other waits, or that there is work.
void AttendantBell::ring() {
  if (!waiting_.exchange(false, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  HEADRACE_CHECK(::write(descriptor_, &one, sizeof(one)) == sizeof(one));
}

void AttendantBell::about_to_wait() {
  waiting_.exchange(true, std::memory_order_acq_rel);
}

void AttendantBell::stay_awake() {
  waiting_.exchange(false, std::memory_order_acq_rel);
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

#include "core/uring/doorbell.h"

#include <cerrno>

#include <sys/eventfd.h>
#include <unistd.h>

namespace headrace::core::uring {

Doorbell::~Doorbell() {
  if (descriptor_ >= 0) close(descriptor_);
}

int Doorbell::make() {
  descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return descriptor_ >= 0 ? 0 : -errno;
}

void Doorbell::sound(int descriptor) {
  // The number in it is never read: every write wakes the poll, and 2^64 writes do not happen.
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(descriptor, &one, sizeof one);
}

bool Doorbell::fall_asleep() {
  State expected = State::awake;
  if (state_.compare_exchange_strong(expected, State::sleeping)) return true;
  state_.store(State::awake, std::memory_order_release);
  return false;
}

}  // namespace headrace::core::uring

// Wakes a shard that sleeps in the kernel, and costs no system call when it does not sleep.
//
//   awake --(about to wait)--> sleeping --(woke up)--> awake
//     \--------(ring)-------> rung <------(ring)------/
//
// Whoever finds `sleeping` must make the bell sound (write the eventfd, or send a ring message);
// whoever finds `awake` or `rung` need not: the shard looks at the word before it next waits.
//
// Threads: ring() and sound() from any; the rest by the owner.
#pragma once

#include <atomic>
#include <cstdint>

namespace headrace::core::uring {

class Doorbell {
 public:
  Doorbell() = default;
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  // Returns 0 or -errno.
  int make();

  // True: the shard sleeps, and the caller must wake it.
  bool ring() { return state_.exchange(State::rung) == State::sleeping; }
  void sound() const { sound(descriptor_); }
  static void sound(int descriptor);

  // False: it was rung meanwhile; do not wait.
  bool fall_asleep();
  void wake_up() { state_.store(State::awake, std::memory_order_release); }
  [[nodiscard]] bool rung() const { return state_.load(std::memory_order_acquire) == State::rung; }

  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  enum class State : std::uint8_t { awake, sleeping, rung };

  std::atomic<State> state_ = State::awake;
  int descriptor_ = -1;
};

}  // namespace headrace::core::uring

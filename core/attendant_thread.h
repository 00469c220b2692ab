// Runs an Attendant on a thread of its own, under a name.
//
// Lifetime: the attendant must outlive the thread. stop() (or the destructor) lets the work finish
//           what was asked before, then joins; shards ask nothing any more by then.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "core/attendant.h"
#include "core/shard_thread.h"

namespace headrace::core {

template <class Work>
class AttendantThread {
 public:
  // Without requests the work is polled every `poll_interval`. Work that waits for descriptors of
  // its own has `void wait(int bell_descriptor, std::chrono::milliseconds timeout)`.
  AttendantThread(Attendant<Work>& attendant, std::string name,
                  std::chrono::milliseconds poll_interval)
      : attendant_(attendant),
        poll_interval_(poll_interval),
        thread_([this, name = std::move(name)] {
          name_thread(name);
          run();
        }) {}
  AttendantThread(const AttendantThread&) = delete;
  AttendantThread& operator=(const AttendantThread&) = delete;
  ~AttendantThread() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    stop_.store(true);
    attendant_.bell().ring();
    thread_.join();
  }

 private:
  static constexpr std::size_t kRequestsPerStepMax = 64;

  void run() {
    while (!stop_.load()) {
      if (attendant_.step(kRequestsPerStepMax) == 0) sleep();
    }
    while (attendant_.step(kRequestsPerStepMax) != 0) {
    }
  }

  void sleep() {
    AttendantBell& bell = attendant_.bell();
    bell.about_to_wait();
    if (!attendant_.idle() || stop_.load()) {
      bell.stay_awake();
      return;
    }
    if constexpr (requires { attendant_.work().wait(bell.descriptor(), poll_interval_); }) {
      attendant_.work().wait(bell.descriptor(), poll_interval_);
      bell.stay_awake();
    } else {
      bell.wait(poll_interval_);
    }
  }

  Attendant<Work>& attendant_;
  const std::chrono::milliseconds poll_interval_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace headrace::core

// Wakes a thread that sleeps when it has nothing to do, at little cost while it is awake.
//
// Threads: one waits, any number ring. What was made visible before ring() is seen by the waiter
//          after wait() returns.
// The waiter says that it is about to sleep, looks once more whether there is work, then waits:
//
//   bell.about_to_wait();  if (work) bell.stay_awake(); else bell.wait(timeout);
#pragma once

#include <atomic>
#include <chrono>

namespace headrace::core {

class AttendantBell {
 public:
  AttendantBell();
  AttendantBell(const AttendantBell&) = delete;
  AttendantBell& operator=(const AttendantBell&) = delete;
  ~AttendantBell();

  // One atomic exchange; a system call only when the other side sleeps.
  void ring();

  void about_to_wait();
  void stay_awake();
  // Returns when rung or after `timeout`.
  void wait(std::chrono::milliseconds timeout);

  // Readable when rung: for waiters that wait for other descriptors too; they call stay_awake()
  // afterwards.
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  void swallow();

  int descriptor_;
  std::atomic<bool> waiting_{false};
};

}  // namespace headrace::core

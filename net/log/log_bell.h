// Wakes the access log's writer before a ring is full: between two looks of its own a busy shard
// writes more than a ring of a size that stays in the caches can hold.
//
// Threads: ring() from any shard, wait() by the writer. ring() is a system call only where the
//          writer sleeps and nobody else has called.
#pragma once

#include <atomic>
#include <chrono>
#include <semaphore>

namespace headrace::net {

class LogBell {
 public:
  void ring() noexcept {
    if (!rung_.exchange(true, std::memory_order_acq_rel)) wake_.release();
  }
  // Until somebody rings, but no longer than this.
  void wait(std::chrono::milliseconds longest) {
    (void)wake_.try_acquire_for(longest);
    rung_.store(false, std::memory_order_release);
  }
  [[nodiscard]] bool rung() const { return rung_.load(std::memory_order_acquire); }

 private:
  // A call may fall between the end of a wait and its being noted: then there are two.
  std::counting_semaphore<2> wake_{0};
  std::atomic<bool> rung_{false};
};

}  // namespace headrace::net

// Runs functions as if at once, on one thread: at every step point one of them goes on, chosen by a
// seed. Whatever real threads could do to each other between two accesses to shared memory happens
// here again and again, and the same for the same seed.
//
// A fiber may be killed where it stands: it never goes on, and nothing of it is undone, as if its
// process had died there.
//
// Threads: one schedule at a time in a process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <ucontext.h>

#include "core/random.h"

namespace headrace::core {

class FiberSchedule {
 public:
  // `stay`: of so many step points a fiber passes all but one without giving way.
  FiberSchedule(std::uint64_t seed, std::uint64_t stay);
  FiberSchedule(const FiberSchedule&) = delete;
  FiberSchedule& operator=(const FiberSchedule&) = delete;
  ~FiberSchedule();

  std::size_t add(std::function<void()> body);
  void kill(std::size_t fiber);
  // One fiber goes on until it gives way or ends; false when none is left.
  bool step();
  void run() {
    while (step()) {
    }
  }
  // The fiber goes on until it has passed so many step points; false if it ended before.
  bool run_alone(std::size_t fiber, std::uint64_t points);
  // Called by a fiber: others may go on here.
  static void give_way();
  [[nodiscard]] bool ended(std::size_t fiber) const { return fibers_[fiber]->over; }

 private:
  struct Fiber {
    std::function<void()> body;
    std::vector<std::byte> stack;
    ucontext_t context{};
    bool over = false;
  };

  static void enter();
  static void on_step_point();
  void go_on(Fiber& fiber);

  static FiberSchedule* current_;

  std::vector<std::unique_ptr<Fiber>> fibers_;
  Fiber* running_ = nullptr;
  ucontext_t scheduler_{};
  Random random_;
  std::uint64_t stay_;
  std::uint64_t points_left_ = 0;  // run_alone
};

}  // namespace headrace::core

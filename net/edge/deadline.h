// A deadline that is mostly moved further away before it comes: the timer behind it is only moved
// when it fires too early, so that moving a deadline costs a store.
//
//   deadline.bind<&Owner::on_deadline>(this);
//   void Owner::on_deadline() { if (!deadline_.expired(*timers, now)) return; ... }
//
// Threads: one shard. The timer must be disarmed (clear()) before its owner dies.
#pragma once

#include "core/clock.h"
#include "core/timer_wheel.h"

namespace headrace::net {

class Deadline {
 public:
  template <auto Method, class Owner>
  void bind(Owner* owner) {
    timer_.bind<Method>(owner);
  }

  void set(core::TimerWheel& timers, core::Instant at) {
    at_ = at;
    if (at_ == core::kNever) return;
    if (!timer_.armed() || timer_.deadline() > at_) timers.arm(timer_, at_);
  }
  void clear(core::TimerWheel& timers) {
    at_ = core::kNever;
    timers.disarm(timer_);
  }
  // To be asked when the timer fired: false means that the deadline has moved (the timer moves
  // after it).
  [[nodiscard]] bool expired(core::TimerWheel& timers, core::Instant now) {
    if (at_ == core::kNever) return false;
    if (at_ <= now) {
      at_ = core::kNever;
      return true;
    }
    timers.arm(timer_, at_);
    return false;
  }
  [[nodiscard]] core::Instant at() const { return at_; }

 private:
  core::Timer timer_;
  core::Instant at_ = core::kNever;
};

}  // namespace headrace::net

#include "core/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace headrace::core {

namespace {

std::uint64_t nanos_of(Instant instant) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(instant.time_since_epoch().count(), 0));
}

// The last tick that has begun.
std::uint64_t tick_before(Instant instant) {
  return nanos_of(instant) >> kTimerTickBits;
}

// The first tick that does not begin before the instant.
std::uint64_t tick_after(Instant instant) {
  constexpr auto kTickMask = (std::uint64_t{1} << kTimerTickBits) - 1;
  const std::uint64_t nanos = nanos_of(instant);
  return (nanos >> kTimerTickBits) + ((nanos & kTickMask) != 0 ? 1 : 0);
}

Instant start_of(std::uint64_t tick) {
  return Instant{Duration{static_cast<Duration::rep>(tick << kTimerTickBits)}};
}

}  // namespace

TimerWheel::TimerWheel(Instant start) : tick_(tick_before(start)) {}

TimerWheel::~TimerWheel() {
  HEADRACE_CHECK(armed_ == 0, "a timer wheel died while timers were armed");
}

void TimerWheel::arm(Timer& timer, Instant deadline) {
  HEADRACE_CHECK(timer.handler_ != nullptr, "a timer was armed without a handler");
  disarm(timer);
  timer.deadline_ = deadline;
  if (deadline > kNever - kTimerTick) return;
  ++armed_;
  place(timer, std::max(tick_after(deadline), tick_ + 1));
}

void TimerWheel::disarm(Timer& timer) {
  if (!timer.armed()) return;
  timer.unlink();
  --armed_;
}

void TimerWheel::place(Timer& timer, std::uint64_t tick) {
  const std::uint64_t difference = (tick ^ tick_) | (kSlots - 1);
  const unsigned level = (static_cast<unsigned>(std::bit_width(difference)) - 1) / kSlotBits;
  const auto slot = static_cast<unsigned>(tick >> (level * kSlotBits)) & (kSlots - 1);
  levels_[level].slots[slot].push_back(timer);
  levels_[level].occupied |= std::uint64_t{1} << slot;
}

bool TimerWheel::find_next_slot(std::uint64_t& tick, IntrusiveList<Timer>*& slot) {
  for (unsigned level = 0; level < kLevels; ++level) {
    Level& candidate = levels_[level];
    while (candidate.occupied != 0) {
      const auto index = static_cast<unsigned>(std::countr_zero(candidate.occupied));
      if (candidate.slots[index].empty()) {  // its timers were disarmed
        candidate.occupied &= candidate.occupied - 1;
        continue;
      }
      const unsigned shift = level * kSlotBits;
      const std::uint64_t above = tick_ >> shift >> kSlotBits << kSlotBits;
      tick = (above | index) << shift;
      slot = &candidate.slots[index];
      return true;
    }
  }
  return false;
}

std::size_t TimerWheel::advance(Instant now, std::size_t max) {
  const std::uint64_t target = std::max(tick_before(now), tick_);
  std::size_t fired = 0;
  for (std::size_t handled = 0; handled < max;) {
    if (Timer* timer = pending_.pop_front(); timer != nullptr) {
      ++handled;
      const std::uint64_t tick = tick_after(timer->deadline_);
      if (tick > tick_) {
        place(*timer, tick);
        continue;
      }
      --armed_;
      ++fired;
      timer->handler_(timer->owner_);
      continue;
    }
    std::uint64_t tick = 0;
    IntrusiveList<Timer>* slot = nullptr;
    if (!find_next_slot(tick, slot) || tick > target) {
      tick_ = target;
      break;
    }
    tick_ = tick;
    pending_.take_all(*slot);
  }
  return fired;
}

Instant TimerWheel::next_deadline() {
  if (!pending_.empty()) return Instant::min();
  std::uint64_t tick = 0;
  IntrusiveList<Timer>* slot = nullptr;
  return find_next_slot(tick, slot) ? start_of(tick) : kNever;
}

}  // namespace headrace::core

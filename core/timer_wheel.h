// Timeouts of one shard: a hierarchical timing wheel (Varghese and Lauck) with intrusive timers.
//
// Arming, re-arming and disarming are O(1). A timer never fires early, and at most one kTimerTick
// late (plus the length of the turn). Timers of the same tick fire in no particular order.
//
// Threads:  wheel and timers belong to one shard.
// Lifetime: destroying an armed timer, or a wheel with armed timers, is a fatal error.
// Handlers: may arm and disarm any timer, their own too, and may destroy their own owner. A timer
//           fires once and is disarmed when its handler runs.
// Bounds:   advance() fires or moves down at most `max` timers; what is left keeps next_deadline()
//           at Instant::min(), so that a shard does not sleep over it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "core/clock.h"
#include "core/intrusive_list.h"

namespace headrace::core {

// A power of two, so that time becomes ticks by a shift: about 0.26 ms.
inline constexpr unsigned kTimerTickBits = 18;
inline constexpr Duration kTimerTick{std::int64_t{1} << kTimerTickBits};

class Timer : private ListHook<> {
 public:
  using Handler = void (*)(void* owner);

  Timer() = default;
  ~Timer() { HEADRACE_CHECK(!armed(), "a timer was destroyed while it was armed"); }

  // Chooses who is told: timer.bind<&Exchange::on_timeout>(this). The method takes nothing.
  template <auto Method, class Owner>
  void bind(Owner* owner) {
    owner_ = owner;
    handler_ = [](void* object) { (static_cast<Owner*>(object)->*Method)(); };
  }

  [[nodiscard]] bool armed() const { return linked(); }
  // Of the last arm(); kNever when never armed.
  [[nodiscard]] Instant deadline() const { return deadline_; }

 private:
  friend class TimerWheel;
  friend class IntrusiveList<Timer>;

  Instant deadline_ = kNever;
  Handler handler_ = nullptr;
  void* owner_ = nullptr;
};

static_assert(sizeof(Timer) == 40, "one to four of these stand in every connection and exchange");

class TimerWheel {
 public:
  explicit TimerWheel(Instant start = Instant{});
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  // Re-arming moves the timer. A deadline that has passed fires at the next tick, never from
  // within this call. kNever disarms.
  void arm(Timer& timer, Instant deadline);
  // No effect on a timer that is not armed.
  void disarm(Timer& timer);

  // Fires what is due at `now`, which must not go back. Returns the number of timers fired.
  std::size_t advance(Instant now, std::size_t max);

  // When advance() next has something to do: never later than the earliest deadline rounded up to
  // its tick, sometimes earlier (timers far away are sorted out on the way). kNever when nothing
  // is armed.
  [[nodiscard]] Instant next_deadline();

  [[nodiscard]] std::size_t armed() const { return armed_; }

 private:
  // A timer stands on the level of the highest group of six bits in which its tick differs from
  // the current one. So each level holds later timers than all levels below it, and 8 levels reach
  // kNever: no deadline is too far.
  static constexpr unsigned kSlotBits = 6;
  static constexpr unsigned kSlots = 1U << kSlotBits;
  static constexpr unsigned kLevels = 8;
  static_assert(kSlotBits * kLevels + kTimerTickBits >= 63);

  struct Level {
    std::uint64_t occupied = 0;  // a bit may outlive its slot's last timer; looked at when met
    std::array<IntrusiveList<Timer>, kSlots> slots;
  };

  void place(Timer& timer, std::uint64_t tick);
  // The tick at which the next occupied slot begins, and that slot; false when all are empty.
  bool find_next_slot(std::uint64_t& tick, IntrusiveList<Timer>*& slot);

  std::uint64_t tick_;
  std::size_t armed_ = 0;
  IntrusiveList<Timer> pending_;  // from slots already begun: to be fired or moved down
  std::array<Level, kLevels> levels_;
};

}  // namespace headrace::core

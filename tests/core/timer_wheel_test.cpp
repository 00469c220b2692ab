#include "core/timer_wheel.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAll = SIZE_MAX;
constexpr Instant kStart{Duration{1'000'000'000'123'456}};

struct Alarm {
  explicit Alarm(TimerWheel& wheel_given) : wheel(wheel_given) {
    timer.bind<&Alarm::on_timeout>(this);
  }
  ~Alarm() { wheel.disarm(timer); }
  void on_timeout() {
    ++fired;
    if (then) then();
  }
  TimerWheel& wheel;
  Timer timer;
  int fired = 0;
  std::function<void()> then;
};

// What next_deadline() promises is enough to sleep by: walks there until the alarm fires.
Instant walk_until_fired(TimerWheel& wheel, const Alarm& alarm, int steps_max) {
  Instant now = kStart;
  for (int step = 0; step < steps_max; ++step) {
    now = std::max(now, wheel.next_deadline());
    wheel.advance(now, kAll);
    if (alarm.fired > 0) return now;
  }
  return kNever;
}

TEST(TimerWheel, FiresNeverEarlyAndAtMostATickLate) {
  const Duration delays[] = {
      1ns,   1us,    kTimerTick - 1ns, kTimerTick,   kTimerTick + 1ns,  1ms, 16ms, 17ms, 1s, 61s,
      3600s, 86400s, 30 * 86400s,      365 * 86400s, 100 * 365 * 86400s};
  for (const Duration delay : delays) {
    TimerWheel wheel(kStart);
    Alarm alarm(wheel);
    wheel.arm(alarm.timer, kStart + delay);
    wheel.advance(kStart + delay - 1ns, kAll);
    EXPECT_EQ(alarm.fired, 0) << delay.count();
    wheel.advance(kStart + delay + kTimerTick, kAll);
    EXPECT_EQ(alarm.fired, 1) << delay.count();
  }
}

TEST(TimerWheel, LeadsASleeperToEveryDeadlineInFewSteps) {
  for (const Duration delay : {Duration{5ms}, Duration{30s}, Duration{86400s}, Duration{87600h}}) {
    TimerWheel wheel(kStart);
    Alarm alarm(wheel);
    wheel.arm(alarm.timer, kStart + delay);
    const Instant woken = walk_until_fired(wheel, alarm, 9);
    EXPECT_GE(woken, kStart + delay);
    EXPECT_LE(woken, kStart + delay + kTimerTick);
  }
}

TEST(TimerWheel, NextDeadlineIsNeverLaterThanTheEarliestTimersTick) {
  Random random(7);
  TimerWheel wheel(kStart);
  std::deque<Alarm> alarms;
  for (int i = 0; i < 200; ++i)
    alarms.emplace_back(wheel);
  Instant now = kStart;
  for (int round = 0; round < 2000; ++round) {
    Alarm& alarm = alarms[random.below(alarms.size())];
    if (random.one_in(3)) {
      wheel.disarm(alarm.timer);
    } else {
      wheel.arm(alarm.timer, now + Duration{std::int64_t{1} << random.below(40)});
    }
    Instant earliest = kNever;
    for (const Alarm& other : alarms) {
      if (other.timer.armed()) earliest = std::min(earliest, other.timer.deadline());
    }
    const Instant next = wheel.next_deadline();
    if (earliest == kNever) {
      EXPECT_EQ(next, kNever);
    } else {
      EXPECT_LE(next, earliest + kTimerTick);
    }
    now += Duration{random.between(0ns, 2ms)};
    wheel.advance(now, kAll);
  }
}

TEST(TimerWheel, FiresInTheOrderOfTicks) {
  Random random(11);
  TimerWheel wheel(kStart);
  std::deque<Alarm> alarms;
  Instant last = kStart;
  int fired = 0;
  for (int i = 0; i < 3000; ++i) {
    Alarm& alarm = alarms.emplace_back(wheel);
    const Instant deadline = kStart + random.between(0ns, 100s);
    alarm.then = [&, deadline] {
      EXPECT_GT(deadline, last - kTimerTick);
      last = std::max(last, deadline);
      ++fired;
    };
    wheel.arm(alarm.timer, deadline);
  }
  // In one leap, which is when order is in danger.
  wheel.advance(kStart + 101s, kAll);
  EXPECT_EQ(fired, 3000);
  EXPECT_EQ(wheel.armed(), 0U);
}

TEST(TimerWheel, APastDeadlineFiresAtTheNextTickButNotAtOnce) {
  TimerWheel wheel(kStart);
  wheel.advance(kStart + 10s, kAll);
  Alarm alarm(wheel);
  wheel.arm(alarm.timer, kStart + 1s);
  EXPECT_EQ(alarm.fired, 0);
  EXPECT_LE(wheel.next_deadline(), kStart + 10s + kTimerTick);
  wheel.advance(kStart + 10s + kTimerTick, kAll);
  EXPECT_EQ(alarm.fired, 1);
}

TEST(TimerWheel, RearmingMovesTheTimer) {
  TimerWheel wheel(kStart);
  Alarm alarm(wheel);
  wheel.arm(alarm.timer, kStart + 10ms);
  wheel.arm(alarm.timer, kStart + 1s);
  EXPECT_EQ(wheel.armed(), 1U);
  wheel.advance(kStart + 20ms, kAll);
  EXPECT_EQ(alarm.fired, 0);
  wheel.arm(alarm.timer, kStart + 30ms);
  wheel.advance(kStart + 40ms, kAll);
  EXPECT_EQ(alarm.fired, 1);
  wheel.advance(kStart + 2s, kAll);
  EXPECT_EQ(alarm.fired, 1);
}

TEST(TimerWheel, AHandlerMayRearmItsOwnTimer) {
  TimerWheel wheel(kStart);
  Alarm alarm(wheel);
  Instant next = kStart + 10ms;
  alarm.then = [&] {
    next += 10ms;
    wheel.arm(alarm.timer, next);
  };
  wheel.arm(alarm.timer, next);
  for (Instant now = kStart; now <= kStart + 105ms; now += 1ms)
    wheel.advance(now, kAll);
  EXPECT_EQ(alarm.fired, 10);
}

TEST(TimerWheel, AHandlerThatAlwaysRearmsForThePastDoesNotHoldTheShard) {
  TimerWheel wheel(kStart);
  Alarm alarm(wheel);
  alarm.then = [&] { wheel.arm(alarm.timer, Instant{}); };
  wheel.arm(alarm.timer, Instant{});
  wheel.advance(kStart + 10 * kTimerTick, kAll);
  EXPECT_LE(alarm.fired, 11);
}

TEST(TimerWheel, AHandlerMayDisarmAnotherTimerDueInTheSameTick) {
  TimerWheel wheel(kStart);
  Alarm one(wheel);
  Alarm two(wheel);
  one.then = [&] { wheel.disarm(two.timer); };
  two.then = [&] { wheel.disarm(one.timer); };
  wheel.arm(one.timer, kStart + 5ms);
  wheel.arm(two.timer, kStart + 5ms);
  wheel.advance(kStart + 10ms, kAll);
  EXPECT_EQ(one.fired + two.fired, 1);
  EXPECT_EQ(wheel.armed(), 0U);
  EXPECT_EQ(wheel.next_deadline(), kNever);
}

TEST(TimerWheel, AHandlerMayDestroyItsOwner) {
  TimerWheel wheel(kStart);
  auto alarm = std::make_unique<Alarm>(wheel);
  alarm->then = [&] { alarm.reset(); };
  wheel.arm(alarm->timer, kStart + 5ms);
  wheel.advance(kStart + 10ms, kAll);
  EXPECT_EQ(alarm, nullptr);
}

TEST(TimerWheel, FiresInBoundedBatchesAndSaysThatMoreIsDue) {
  TimerWheel wheel(kStart);
  std::deque<Alarm> alarms;
  for (int i = 0; i < 100; ++i) {
    wheel.arm(alarms.emplace_back(wheel).timer, kStart + 3ms);
  }
  const Instant later = kStart + 10ms;
  std::size_t fired = 0;
  std::size_t rounds = 0;
  while (wheel.armed() > 0) {
    ASSERT_LT(++rounds, 100U);
    const std::size_t now_fired = wheel.advance(later, 7);
    EXPECT_LE(now_fired, 7U);
    fired += now_fired;
    if (wheel.armed() > 0) {
      EXPECT_LE(wheel.next_deadline(), later);
    }
  }
  EXPECT_EQ(fired, 100U);
}

TEST(TimerWheel, ATimerArmedBetweenTwoBatchesIsNotLost) {
  TimerWheel wheel(kStart);
  std::deque<Alarm> alarms;
  for (int i = 0; i < 10; ++i)
    wheel.arm(alarms.emplace_back(wheel).timer, kStart + 3ms);
  wheel.advance(kStart + 1s, 4);
  Alarm soon(wheel);
  wheel.arm(soon.timer, kStart + 500ms);
  Alarm later(wheel);
  wheel.arm(later.timer, kStart + 2s);
  for (int i = 0; i < 20; ++i)
    wheel.advance(kStart + 1s, 4);
  EXPECT_EQ(soon.fired, 1);
  EXPECT_EQ(later.fired, 0);
  wheel.advance(kStart + 2s + kTimerTick, kAll);
  EXPECT_EQ(later.fired, 1);
}

TEST(TimerWheel, NeverDisarms) {
  TimerWheel wheel(kStart);
  Alarm alarm(wheel);
  wheel.arm(alarm.timer, kStart + 1s);
  wheel.arm(alarm.timer, kNever);
  EXPECT_FALSE(alarm.timer.armed());
  EXPECT_EQ(wheel.armed(), 0U);
  EXPECT_EQ(wheel.next_deadline(), kNever);
  // As near to never as a deadline can be without being it.
  wheel.arm(alarm.timer, kNever - 1ns);
  EXPECT_GT(wheel.next_deadline(), kStart);
}

TEST(TimerWheel, AFarDeadlineSurvivesManyTurnsOfTheWheel) {
  TimerWheel wheel(kStart);
  Alarm alarm(wheel);
  const Instant deadline = kStart + 3h + 7min;
  wheel.arm(alarm.timer, deadline);
  for (Instant now = kStart; now < deadline; now += 7s + 3ms) {
    wheel.advance(now, kAll);
    ASSERT_EQ(alarm.fired, 0);
  }
  wheel.advance(deadline + kTimerTick, kAll);
  EXPECT_EQ(alarm.fired, 1);
}

TEST(TimerWheel, ATimeThatDoesNotMoveForwardFiresNothingTwice) {
  TimerWheel wheel(kStart);
  Alarm alarm(wheel);
  wheel.arm(alarm.timer, kStart + 5ms);
  wheel.advance(kStart + 10ms, kAll);
  wheel.advance(kStart + 10ms, kAll);
  wheel.advance(kStart + 9ms, kAll);
  EXPECT_EQ(alarm.fired, 1);
}

TEST(TimerWheel, HoldsAMillionTimersAndFiresEachOnce) {
  struct Count {
    void on_timeout() { ++fired; }
    std::size_t fired = 0;
  } count;
  constexpr std::size_t kTimers = 1'000'000;
  std::vector<Timer> timers(kTimers);
  Random random(3);
  TimerWheel wheel(kStart);
  std::size_t due = 0;
  for (Timer& timer : timers) {
    timer.bind<&Count::on_timeout>(&count);
    wheel.arm(timer, kStart + random.between(0s, 600s));
  }
  for (std::size_t i = 0; i < kTimers; i += 2)
    wheel.disarm(timers[i]);
  Instant now = kStart;
  while (wheel.armed() > 0) {
    now = std::max(now, wheel.next_deadline()) + 50ms;
    due += wheel.advance(now, kAll);
  }
  EXPECT_EQ(due, kTimers / 2);
  EXPECT_EQ(count.fired, kTimers / 2);
  EXPECT_LE(now, kStart + 601s);
}

TEST(TimerWheelDeathTest, AnArmedTimerMustNotDie) {
  EXPECT_DEATH(
      {
        TimerWheel wheel(kStart);
        Timer timer;
        Alarm owner(wheel);
        timer.bind<&Alarm::on_timeout>(&owner);
        wheel.arm(timer, kStart + 1s);
      },
      "destroyed while it was armed");
}

TEST(TimerWheelDeathTest, ATimerWithoutHandlerCannotBeArmed) {
  TimerWheel wheel(kStart);
  Timer timer;
  EXPECT_DEATH(wheel.arm(timer, kStart), "without a handler");
}

}  // namespace
}  // namespace headrace::core

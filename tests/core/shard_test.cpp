#include "core/shard.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include "core/shard_thread.h"
#include "tests/core/holds_once.h"
#include "tests/core/small_io.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

struct Recording final : ShardHooks {
  void on_start(Shard& given) override { shard = &given; }
  bool on_turn(Instant) override {
    story.push_back("turn");
    if (stop_after_turns > 0) {
      --stop_after_turns;
      if (stop_after_turns == 0) shard->request_stop();
    }
    if (busy_turns == 0) return false;
    --busy_turns;
    return true;
  }
  void on_message(const Message& message) override {
    story.push_back("message " + std::to_string(message.a));
  }
  void on_second(Instant) override { story.push_back("second"); }

  Shard* shard = nullptr;
  std::vector<std::string> story;
  int stop_after_turns = 0;
  int busy_turns = 0;
};

struct Alarm {
  explicit Alarm(Recording& hooks_given) : hooks(hooks_given) {
    timer.bind<&Alarm::on_timeout>(this);
  }
  void on_timeout() { hooks.story.push_back("timer"); }
  Recording& hooks;
  Timer timer;
};

TEST(Shard, ServesATurnInItsOrder) {
  PostOffice office(2, 8);
  Mailbox mailbox(office, 0);
  Mailbox other(office, 1);
  Recording hooks;
  Shard shard(0, small_io(), &mailbox, hooks);
  office.attach(0, shard.io());
  shard.start();
  Alarm alarm(hooks);
  shard.timers().arm(alarm.timer, shard.now());
  ASSERT_TRUE(other.post(0, {.a = 7}));
  other.ring_bells(shard.io());
  std::this_thread::sleep_for(2ms);
  shard.turn();
  EXPECT_EQ(hooks.story, (std::vector<std::string>{"timer", "message 7", "turn"}));
}

TEST(Shard, WaitsForItsTimersAndNotLonger) {
  Recording hooks;
  Shard shard(0, small_io(), nullptr, hooks);
  shard.start();
  Alarm alarm(hooks);
  const Instant deadline = shard.now() + 30ms;
  shard.timers().arm(alarm.timer, deadline);
  std::size_t turns = 0;
  while (alarm.timer.armed()) {
    shard.turn();
    ASSERT_LT(++turns, 10U) << "it sleeps instead of polling";
  }
  EXPECT_GE(shard.now(), deadline);
  EXPECT_LT(shard.now(), deadline + 5s);
}

TEST(Shard, DoesNotWaitLongerThanTold) {
  Recording hooks;
  Shard shard(0, small_io(), nullptr, hooks);
  shard.start();
  EXPECT_TRUE(holds_once([&] {
    const Instant before = shard.now();
    // The wheel may ask for a look before the second is over, to sort out timers that are far away.
    unsigned turns = 0;
    while (shard.now() < before + 10ms && ++turns < 10)
      shard.turn(before + 10ms);
    EXPECT_LT(turns, 10U) << "it does not wait at all";
    return shard.now() < before + 100ms;
  })) << "what the wheel or the second's housekeeping have to do has woken it";
}

// What is left over, of timers, messages and what a hook has to do, is served without a wait: the
// second's housekeeping would end it.
bool leftovers_are_served_at_once() {
  PostOffice office(2, 64);
  Mailbox mailbox(office, 0);
  Mailbox other(office, 1);
  Recording hooks;
  Shard shard(0, small_io(), &mailbox, hooks,
              {.timers_per_turn_max = 3, .messages_per_turn_max = 3});
  shard.start();
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 10; ++i) {
    alarms.push_back(std::make_unique<Alarm>(hooks));
    shard.timers().arm(alarms.back()->timer, shard.now());
    EXPECT_TRUE(other.post(0, {}));
  }
  other.ring_bells(shard.io());
  hooks.busy_turns = 20;
  std::this_thread::sleep_for(2ms);
  const Instant before = shard.now();
  for (int i = 0; i < 20; ++i)
    shard.turn();
  EXPECT_EQ(shard.statistics().timers_fired.value(), 10U);
  EXPECT_EQ(shard.statistics().messages_taken.value(), 10U);
  return shard.now() < before + 900ms;
}

TEST(Shard, DoesNotSleepOverWorkLeftOver) {
  EXPECT_TRUE(holds_once(leftovers_are_served_at_once));
}

TEST(Shard, KeepsHouseEverySecond) {
  // One that is held up keeps house when it can.
  EXPECT_TRUE(holds_once([] {
    Recording hooks;
    Shard shard(0, small_io(), nullptr, hooks);
    shard.start();
    const Instant begin = shard.now();
    while (shard.now() < begin + 2100ms)
      shard.turn(begin + 2100ms);
    const auto seconds = std::ranges::count(hooks.story, "second");
    EXPECT_LE(seconds, (shard.now() - begin) / 1s);
    return seconds == 2;
  }));
}

TEST(Shard, MeasuresItsTurns) {
  struct Slow final : ShardHooks {
    bool on_turn(Instant) override {
      std::this_thread::sleep_for(20ms);
      return false;
    }
  } hooks;
  Shard shard(0, small_io(), nullptr, hooks);
  shard.start();
  shard.turn(Instant::min());
  EXPECT_EQ(shard.statistics().turns.value(), 1U);
  EXPECT_EQ(shard.statistics().turn_nanos.count(), 1U);
  EXPECT_GE(shard.statistics().turn_nanos.maximum(), 20'000'000U);

  Shard unmeasured(0, small_io(), nullptr, hooks, {.measure_turns = false});
  unmeasured.start();
  unmeasured.turn(Instant::min());
  EXPECT_EQ(unmeasured.statistics().turn_nanos.count(), 0U);
}

TEST(ShardThread, RunsUntilAStopIsRequestedFromOutside) {
  Recording hooks;
  Shard shard(3, small_io(), nullptr, hooks);
  ShardThread thread(shard, std::nullopt);
  std::this_thread::sleep_for(5ms);
  shard.request_stop();
  thread.join();
  EXPECT_TRUE(shard.stop_requested());
}

TEST(ShardThread, StopsAfterAHookAskedForIt) {
  Recording hooks;
  hooks.stop_after_turns = 1;
  Shard shard(3, small_io(), nullptr, hooks);
  {
    ShardThread thread(shard, std::nullopt);
    shard.wake();
  }
  EXPECT_EQ(shard.statistics().turns.value(), 2U);
}

TEST(ShardThread, IsNamedAndPinned) {
  struct Looking final : ShardHooks {
    void on_start(Shard& shard) override {
      ::pthread_getname_np(::pthread_self(), name.data(), name.size());
      processors = usable_processors();
      shard.request_stop();
    }
    std::array<char, 16> name{};
    std::vector<unsigned> processors;
  } hooks;
  const unsigned last = usable_processors().back();
  Shard shard(12, small_io(), nullptr, hooks);
  {
    ShardThread thread(shard, last);
  }
  EXPECT_STREQ(hooks.name.data(), "shard-12");
  EXPECT_EQ(hooks.processors, std::vector{last});
}

TEST(ShardThread, RunsUnpinnedWhereTheProcessorIsNotToBeHad) {
  EXPECT_FALSE(pin_to_processor(4095));
  EXPECT_FALSE(pin_to_processor(4096));
  Recording hooks;
  hooks.stop_after_turns = 1;
  Shard shard(0, small_io(), nullptr, hooks);
  {
    ShardThread thread(shard, 4095);
    shard.wake();
  }
  EXPECT_EQ(shard.statistics().turns.value(), 2U);
}

// Two whole shards that send each other a number until it is large enough.
TEST(ShardThread, TwoShardsTalkThroughTheirMailboxes) {
  struct Player final : ShardHooks {
    explicit Player(std::uint32_t to_given) : to(to_given) {}
    void on_start(Shard& given) override {
      shard = &given;
      if (shard->number() == 0) {
        ASSERT_TRUE(shard->mailbox()->post(to, {.a = 1}));
      }
    }
    void on_message(const Message& message) override {
      last = message.a;
      if (message.a >= 2'000) shard->request_stop();
      if (message.a <= 2'000) {
        ASSERT_TRUE(shard->mailbox()->post(to, {.a = message.a + 1}));
      }
    }
    bool on_turn(Instant) override { return false; }
    Shard* shard = nullptr;
    std::uint32_t to;
    std::uint64_t last = 0;
  };
  PostOffice office(2, 8);
  Mailbox mailboxes[] = {Mailbox(office, 0), Mailbox(office, 1)};
  Player players[] = {Player(1), Player(0)};
  std::vector<std::unique_ptr<Shard>> shards;
  for (std::uint32_t i = 0; i < 2; ++i) {
    shards.push_back(std::make_unique<Shard>(i, small_io(), &mailboxes[i], players[i]));
    office.attach(i, shards[i]->io());
  }
  {
    ShardThread one(*shards[0], std::nullopt);
    ShardThread two(*shards[1], std::nullopt);
  }
  EXPECT_GE(players[0].last, 2'000U);
  EXPECT_GE(players[1].last, 2'000U);
}

}  // namespace
}  // namespace headrace::core

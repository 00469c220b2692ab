// One shard: a thread's io, its timers and its mailbox, and the order in which a turn serves them.
//
//   submit and wait -> completions -> timers -> mailbox -> hooks -> (again)
//
// Each step is bounded, so a turn is; what was left over makes the next turn start without waiting.
// The clock is read once a turn, by the Io.
//
// Threads:  made anywhere; start(), turn(), run() and everything reached through it on one thread.
//           request_stop(), wake() and reading statistics() from any.
// Lifetime: hooks, mailbox and Io's connections must be quiet before the Shard dies: its wheel
//           checks that no timer is armed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/clock.h"
#include "core/counters.h"
#include "core/histogram.h"
#include "core/io.h"
#include "core/mailbox.h"
#include "core/timer_wheel.h"

namespace headrace::core {

class Shard;

// What the layer above does at the joints of a turn. A few virtual calls a turn, none an operation.
class ShardHooks {
 public:
  // On the shard's thread, before the first turn.
  virtual void on_start(Shard&) {}
  // Every turn, after completions, timers and messages: replies of attendants, a new config
  // generation. True: something was left over, so that the next turn does not wait.
  virtual bool on_turn(Instant /*now*/) { return false; }
  virtual void on_message(const Message& /*message*/) {}
  // About once a second: housekeeping.
  virtual void on_second(Instant /*now*/) {}

 protected:
  ~ShardHooks() = default;
};

struct ShardOptions {
  std::size_t timers_per_turn_max = 256;
  std::size_t messages_per_turn_max = 256;
  // Measures each turn by the machine's clock. Off in simulated time.
  bool measure_turns = true;
};

// Written by the shard, read by anybody.
struct ShardStatistics {
  Counter turns;
  Counter timers_fired;
  Counter messages_taken;
  Histogram turn_nanos;  // from the end of the wait to the end of the turn; its maximum is exact
};

class Shard {
 public:
  // `mailbox` may be nullptr (a single shard); it and the hooks must outlive the shard.
  Shard(std::uint32_t number, std::unique_ptr<Io> io, Mailbox* mailbox, ShardHooks& hooks,
        const ShardOptions& options = {});
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  // Makes the calling thread the shard's.
  void start();
  // One turn; waits for something to do but at most until `wait_until`.
  void turn(Instant wait_until = kNever);
  // start(), then turns until a stop is requested, and a last one that does not wait.
  void run();

  void request_stop();
  [[nodiscard]] bool stop_requested() const { return stop_.load(std::memory_order_acquire); }
  void wake() { io_->wake(); }

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] Io& io() { return *io_; }
  [[nodiscard]] TimerWheel& timers() { return timers_; }
  [[nodiscard]] Mailbox* mailbox() { return mailbox_; }
  [[nodiscard]] Instant now() const { return io_->now(); }
  [[nodiscard]] const ShardStatistics& statistics() const { return statistics_; }

 private:
  void on_second_passed();

  const std::uint32_t number_;
  const ShardOptions options_;
  std::unique_ptr<Io> io_;
  Mailbox* mailbox_;
  ShardHooks& hooks_;
  TimerWheel timers_;
  Timer second_;
  bool left_over_ = false;
  std::atomic<bool> stop_{false};
  ShardStatistics statistics_;
};

}  // namespace headrace::core

#include "core/shard.h"

#include <algorithm>
#include <ctime>

namespace headrace::core {

namespace {

constexpr Duration kSecond = std::chrono::seconds(1);

// Not the Io's time, which stands still during a turn: for measuring the turn itself.
Instant machine_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant{std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec)};
}

}  // namespace

Shard::Shard(std::uint32_t number, std::unique_ptr<Io> io, Mailbox* mailbox, ShardHooks& hooks,
             const ShardOptions& options)
    : number_(number), options_(options), io_(std::move(io)), mailbox_(mailbox), hooks_(hooks) {
  second_.bind<&Shard::on_second_passed>(this);
}

Shard::~Shard() {
  timers_.disarm(second_);
}

void Shard::start() {
  io_->enable();
  io_->turn(Instant::min());  // reads the clock for the first time
  timers_.advance(now(), 1);
  timers_.arm(second_, now() + kSecond);
  hooks_.on_start(*this);
}

void Shard::turn(Instant wait_until) {
  if (mailbox_ != nullptr) mailbox_->ring_bells(*io_);
  const bool busy = left_over_ || (mailbox_ != nullptr && mailbox_->backlog());
  io_->turn(busy ? Instant::min() : std::min(wait_until, timers_.next_deadline()));

  statistics_.timers_fired.add(timers_.advance(now(), options_.timers_per_turn_max));
  if (mailbox_ != nullptr) {
    statistics_.messages_taken.add(
        mailbox_->drain(options_.messages_per_turn_max,
                        [this](const Message& message) { hooks_.on_message(message); }));
  }
  left_over_ = hooks_.on_turn(now());

  statistics_.turns.add();
  if (options_.measure_turns) {
    const Duration taken = std::max(machine_now() - now(), Duration::zero());
    statistics_.turn_nanos.record(static_cast<std::uint64_t>(taken.count()));
  }
}

void Shard::run() {
  start();
  while (!stop_requested()) {
    turn();
  }
  turn(Instant::min());  // submits what the last one queued, bells included
}

void Shard::request_stop() {
  stop_.store(true, std::memory_order_release);
  io_->wake();
}

void Shard::on_second_passed() {
  timers_.arm(second_, now() + kSecond);
  hooks_.on_second(now());
}

}  // namespace headrace::core

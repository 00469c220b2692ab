// What the mechanism under every request costs: timers, pools, rings, histograms, hashes.
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/block_pool.h"
#include "core/body_pool.h"
#include "core/hash.h"
#include "core/histogram.h"
#include "core/random.h"
#include "core/slot_pool.h"
#include "core/spsc_byte_ring.h"
#include "core/spsc_ring.h"
#include "core/timer_wheel.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

struct Owner {
  void on_timeout() { ++fired; }
  std::uint64_t fired = 0;
};

std::vector<Timer> bound_timers(Owner& owner, std::size_t count) {
  std::vector<Timer> timers(count);
  for (Timer& timer : timers)
    timer.bind<&Owner::on_timeout>(&owner);
  return timers;
}

// What a keep-alive connection does per request: the idle timer moves, the others stay armed.
void rearm_timer_among(benchmark::State& state) {
  Owner owner;
  TimerWheel wheel;
  Random random(1);
  std::vector<Timer> timers = bound_timers(owner, static_cast<std::size_t>(state.range(0)));
  Instant now{1000s};
  wheel.advance(now, 1);
  for (Timer& timer : timers)
    wheel.arm(timer, now + random.between(1s, 60s));
  std::size_t next = 0;
  for (auto _ : state) {
    now += 1us;
    wheel.arm(timers[next], now + 30s);
    next = (next + 7919) % timers.size();
  }
  for (Timer& timer : timers)
    wheel.disarm(timer);
}
BENCHMARK(rearm_timer_among)->Arg(64)->Arg(10'000)->Arg(1'000'000);

// A turn in which nothing is due: look, and say how long to sleep.
void turn_without_due_timers(benchmark::State& state) {
  Owner owner;
  TimerWheel wheel;
  std::vector<Timer> timers = bound_timers(owner, 10'000);
  Random random(1);
  Instant now{1000s};
  wheel.advance(now, 1);
  for (Timer& timer : timers)
    wheel.arm(timer, now + random.between(3600s, 7200s));
  for (auto _ : state) {
    now += 20us;
    benchmark::DoNotOptimize(wheel.advance(now, 256));
    benchmark::DoNotOptimize(wheel.next_deadline());
  }
  for (Timer& timer : timers)
    wheel.disarm(timer);
}
BENCHMARK(turn_without_due_timers);

// The whole life of timers that do fire, cascades included; time per timer.
void timer_armed_until_fired(benchmark::State& state) {
  Owner owner;
  TimerWheel wheel;
  std::vector<Timer> timers = bound_timers(owner, 100'000);
  Random random(1);
  Instant now{1000s};
  wheel.advance(now, 1);
  for (auto _ : state) {
    for (Timer& timer : timers)
      wheel.arm(timer, now + random.between(1ms, 100s));
    while (wheel.armed() > 0) {
      now += 1ms;
      wheel.advance(now, 256);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(timers.size()));
}
BENCHMARK(timer_armed_until_fired)->Unit(benchmark::kMillisecond);

struct Exchange {
  std::array<std::byte, 1024> state;
};

void slot_made_found_destroyed(benchmark::State& state) {
  SlotPool<Exchange> pool("exchanges", 1024);
  for (auto _ : state) {
    Exchange* exchange = pool.make();
    benchmark::DoNotOptimize(pool.find(pool.handle_of(*exchange)));
    pool.destroy(*exchange);
  }
}
BENCHMARK(slot_made_found_destroyed);

void block_taken_and_given_back(benchmark::State& state) {
  BlockPool pool("blocks", std::size_t{16} * 1024, 1024);
  for (auto _ : state)
    benchmark::DoNotOptimize(pool.take().data());
}
BENCHMARK(block_taken_and_given_back);

void body_taken_and_given_back(benchmark::State& state) {
  BodyBudget budget(256 << 20U);
  BodyPool pool(budget, 32 << 20U);
  for (auto _ : state) {
    benchmark::DoNotOptimize(pool.take(static_cast<std::size_t>(state.range(0))).data());
  }
}
BENCHMARK(body_taken_and_given_back)->Arg(100'000)->Arg(10'000'000);

struct Message {
  std::uint64_t words[3];
};

void message_through_spsc_ring(benchmark::State& state) {
  SpscRing<Message> ring(1024);
  Message message{};
  for (auto _ : state) {
    benchmark::DoNotOptimize(ring.producer().push(message));
    benchmark::DoNotOptimize(ring.consumer().pop(message));
  }
}
BENCHMARK(message_through_spsc_ring);

void record_into_byte_ring(benchmark::State& state) {
  SpscByteRing ring(1 << 20U);
  const std::vector<std::byte> record(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(ring.producer().push(1, record));
    benchmark::DoNotOptimize(ring.consumer().front());
    ring.consumer().drop_front();
  }
}
BENCHMARK(record_into_byte_ring)->Arg(64)->Arg(400);

void histogram_recorded(benchmark::State& state) {
  const auto histogram = std::make_unique<Histogram>();
  std::uint64_t value = 1;
  for (auto _ : state) {
    histogram->record(value);
    value = value * 5 % 1'000'003;
  }
}
BENCHMARK(histogram_recorded);

void hashed_64(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state)
    benchmark::DoNotOptimize(hash64(text, 7));
}
BENCHMARK(hashed_64)->Arg(16)->Arg(48)->Arg(1500)->Arg(100'000);

void random_drawn(benchmark::State& state) {
  Random random(1);
  for (auto _ : state)
    benchmark::DoNotOptimize(random.next());
}
BENCHMARK(random_drawn);

}  // namespace
}  // namespace headrace::core

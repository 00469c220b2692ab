// What taking credit costs: one limit that all shards want, and the four limits of a request at a
// thousand hot keys and spread over a million.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/limits/calendar_window.h"
#include "tests/core/limits/limit_world.h"

namespace headrace::core {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kThreadsMax = 8;

LimitTerms contended_terms(int kind) {
  constexpr std::int64_t kPlenty = 1'000'000'000'000;
  switch (kind) {
    case 0:
      return LimitTerms::sliding(1, kPlenty, 1min);
    case 1:
      return LimitTerms::bucket(1, kPlenty, kPlenty, 1min);
    case 2:
      return LimitTerms::calendar(1, kPlenty, 20'000, kEndless);
    default:
      return LimitTerms::concurrency(1, 100'000);
  }
}

// A request and its end. The first shard alone spends from the node's word: it shares with nobody.
void contended_limit(benchmark::State& state) {
  static std::unique_ptr<LimitWorld> world;
  if (state.thread_index() == 0) {
    world = std::make_unique<LimitWorld>(
        LimitWorld::Size{.shards = static_cast<std::uint32_t>(state.threads())});
  }
  const LimitTerms terms = contended_terms(static_cast<int>(state.range(0)));
  std::unique_ptr<ShardLimits> shard;
  Duration time{};
  for (auto _ : state) {
    if (!shard) shard = world->shard(static_cast<std::uint32_t>(state.thread_index()));
    time += 1us;
    const LimitTime now = limit_time(time);
    if (shard->next_tending() <= now.monotonic) shard->tend(now);
    Permit permit;
    const LimitDemand demand{.terms = terms, .amount = 1};
    benchmark::DoNotOptimize(shard->take({&demand, 1}, now, permit));
    permit.settle_as_reserved();
  }
  if (shard) shard->give_back_shares();
}
BENCHMARK(contended_limit)
    ->ArgName("kind")
    ->DenseRange(0, 3)
    ->ThreadRange(1, kThreadsMax)
    ->UseRealTime();

constexpr std::size_t kKeys = 1'000'000;
constexpr std::size_t kTenants = 100'000;

std::uint64_t identity(std::uint64_t scope, std::uint64_t number) {
  return (scope << 32U | number) * 0x9e37'79b9'7f4a'7c15U;
}

// Requests a minute and tokens a day of the key and of its tenant.
std::array<LimitDemand, 4> demands_of(std::uint64_t key) {
  const std::uint64_t tenant = key % kTenants;
  return {LimitDemand{LimitTerms::sliding(identity(1, key), 1'000'000, 1min), 1},
          LimitDemand{LimitTerms::calendar(identity(2, key), 1'000'000'000, 20'000, kEndless), 700},
          LimitDemand{LimitTerms::sliding(identity(3, tenant), 10'000'000, 1min), 1},
          LimitDemand{
              LimitTerms::calendar(identity(4, tenant), 1'000'000'000'000, 20'000, kEndless), 700}};
}

LimitWorld& busy_world() {
  static std::unique_ptr<LimitWorld> world;
  if (!world) {
    world = std::make_unique<LimitWorld>(
        LimitWorld::Size{.entries = 4'000'000, .blocks = 1'150'000, .shards = 2});
    const auto shard = world->shard(0);
    for (std::uint64_t key = 0; key < kKeys; ++key) {
      Permit permit;
      if (shard->take(demands_of(key), limit_time(0s), permit)) std::abort();
      permit.settle_as_reserved();
    }
  }
  return *world;
}

// All four taken and settled; time goes on as if a shard did nothing else.
void admission_of_four_limits(benchmark::State& state) {
  static Duration time{};
  LimitWorld& world = busy_world();
  const auto shard = world.shard(0);
  std::vector<std::uint32_t> keys(kKeys);
  for (std::uint32_t i = 0; i < kKeys; ++i)
    keys[i] = i;
  std::shuffle(keys.begin(), keys.end(), std::mt19937_64(42));
  keys.resize(static_cast<std::size_t>(state.range(0)));
  std::size_t at = 0;
  for (auto _ : state) {
    time += 1us;
    const LimitTime now = limit_time(time);
    if (shard->next_tending() <= now.monotonic) shard->tend(now);
    Permit permit;
    benchmark::DoNotOptimize(shard->take(demands_of(keys[at]), now, permit));
    permit.settle_as_reserved();
    if (++at == keys.size()) at = 0;
  }
  shard->give_back_shares();
  const double bytes = 4'000'000.0 * sizeof(LimitEntry) + 1'150'000.0 * sizeof(StepBlock);
  state.counters["state_bytes"] = bytes;
}
BENCHMARK(admission_of_four_limits)->ArgName("hot")->Arg(1000)->Arg(kKeys);

void refused_by_the_last_of_four(benchmark::State& state) {
  LimitWorld world{{}};
  const auto shard = world.shard(0);
  auto demands = demands_of(7);
  demands[3].terms.credit = 0;
  demands[3].amount = 0;
  for (auto _ : state) {
    Permit permit;
    demands[3].terms.credit = -1;
    benchmark::DoNotOptimize(shard->take(demands, limit_time(0s), permit));
  }
}
BENCHMARK(refused_by_the_last_of_four);

}  // namespace
}  // namespace headrace::core

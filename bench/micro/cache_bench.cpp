// What an answer from the cache costs beside sending it: the request's key, the look-up that finds
// or does not find, by one thread and by several that all want the same; and what it costs to keep
// one.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "policy/cache/request_fingerprint.h"
#include "tests/core/cache/cache_entries.h"

namespace headrace::core {
namespace {

constexpr std::size_t kAnswerBytes = 1100;
constexpr std::uint64_t kMemoryBytes = 128 * 1024 * 1024;
constexpr std::size_t kEntries = 50'000;

// A body of `size` bytes, of which one field never changes an answer.
void key_of_a_request(benchmark::State& state) {
  policy::RequestFingerprint fingerprint({.seed = 42});
  const auto body = cache_body(1, static_cast<std::size_t>(state.range(0)));
  policy::UnheededFields unheeded;
  unheeded.ranges[0] = {.offset = 40, .length = 20};
  unheeded.count = 1;
  const std::string head = "/v1/chat/completions\nanthropic-version: 2023-06-01\n";
  for (auto _ : state) {
    benchmark::DoNotOptimize(fingerprint.key("tenant and route", policy::Endpoint::chat_completions,
                                             head, body, unheeded));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(key_of_a_request)->ArgName("bytes")->Arg(1500)->Arg(100'000);

struct FullCache {
  FullCache() {
    const auto body = cache_body(7, kAnswerBytes);
    for (std::size_t i = 0; i < kEntries; ++i) {
      keys.push_back(cache_key(i));
      home.insert(build_entry(store, home, keys.back(), body), kCacheTestStart);
    }
  }
  CacheStore store{kMemoryBytes, 1};
  CachePartition home{store, 0};
  std::vector<CacheKey> keys;
};

FullCache& full_cache() {
  static auto cache = std::make_unique<FullCache>();
  return *cache;
}

// `hot` keys in no order. Several threads ask for the same.
void find_answer(benchmark::State& state) {
  FullCache& cache = full_cache();
  std::vector<CacheKey> asked = cache.keys;
  std::shuffle(asked.begin(), asked.end(), std::mt19937_64(42));
  asked.resize(static_cast<std::size_t>(state.range(0)));
  std::size_t at = 0;
  std::size_t found = 0;
  for (auto _ : state) {
    if (cache.store.find(asked[at], kCacheTestStart)) ++found;
    if (++at == asked.size()) at = 0;
  }
  if (found != static_cast<std::size_t>(state.iterations())) state.SkipWithError("not found");
}
BENCHMARK(find_answer)->ArgName("hot")->Arg(1)->Arg(1000)->Arg(kEntries);
BENCHMARK(find_answer)->ArgName("hot")->Arg(1)->Arg(1000)->Threads(2)->UseRealTime();

void find_nothing(benchmark::State& state) {
  FullCache& cache = full_cache();
  std::vector<CacheKey> asked;
  for (std::size_t i = 0; i < kEntries; ++i)
    asked.push_back(cache_key(i + 10 * kEntries));
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache.store.find(asked[at], kCacheTestStart));
    if (++at == asked.size()) at = 0;
  }
}
BENCHMARK(find_nothing);

// Into a cache that is full, so that for each that comes one goes.
void keep_answer(benchmark::State& state) {
  CacheStore store(16 * 1024 * 1024, 1);
  CachePartition home(store, 0);
  const auto body = cache_body(7, static_cast<std::size_t>(state.range(0)));
  std::vector<CacheKey> keys;
  for (std::size_t i = 0; i < std::size_t{4} * store.memory().capacity(); ++i)
    keys.push_back(cache_key(i));
  std::size_t at = 0;
  for (auto _ : state) {
    home.insert(build_entry(store, home, keys[at], body), kCacheTestStart);
    if (++at == keys.size()) at = 0;
  }
  state.counters["evicted"] = static_cast<double>(home.statistics().evicted.value());
}
BENCHMARK(keep_answer)->ArgName("bytes")->Arg(kAnswerBytes)->Arg(64 * 1024);

}  // namespace
}  // namespace headrace::core

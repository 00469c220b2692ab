// What a record costs on its way through a record ring, and what a search through damage costs.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/record_ring.h"
#include "core/reserved_memory.h"

namespace headrace::core {
namespace {

constexpr std::size_t kRecordBytesMax = 2240;

struct Ring {
  explicit Ring(std::uint64_t capacity)
      : memory("a benchmark", record_ring_area_bytes(capacity)),
        area(memory.data(), record_ring_area_bytes(capacity)) {
    begin_record_ring(area, 1);
  }
  ReservedMemory memory;
  std::span<std::byte> area;
};

// The shard's part.
void record_written(benchmark::State& state) {
  Ring ring(std::uint64_t{1} << 20U);
  RecordRingProducer in(ring.area, kRecordBytesMax);
  const std::vector<std::byte> record(static_cast<std::size_t>(state.range(0)));
  auto& indices = *reinterpret_cast<SpscIndices*>(ring.area.data());
  for (auto _ : state) {
    if (!in.push(1, record)) indices.read.store(in.written());
  }
}
BENCHMARK(record_written)->Arg(400)->Arg(2240);

void record_through_ring(benchmark::State& state) {
  Ring ring(std::uint64_t{1} << 20U);
  RecordRingProducer in(ring.area, kRecordBytesMax);
  RecordRingConsumer out(ring.area, kRecordBytesMax);
  const std::vector<std::byte> record(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(in.push(1, record));
    benchmark::DoNotOptimize(out.next());
    out.acknowledge();
  }
}
BENCHMARK(record_through_ring)->Arg(400)->Arg(2240);

// A ring of 64 MiB, which is what one has by default, overwritten all over: by zeros, and by what
// looks like heads of the longest frames at every place (argument 1). `longest_call`: of next().
void damage_searched(benchmark::State& state) {
  constexpr std::uint64_t kBytes = std::uint64_t{64} << 20U;
  Ring ring(kBytes);
  RecordRingProducer in(ring.area, kRecordBytesMax);
  const std::vector<std::byte> record(kRecordBytesMax);
  while (in.push(1, record)) {
  }
  const std::uint32_t head[] = {kRecordBytesMax, 1, 0, 0};
  const std::span<std::byte> frames = ring.area.subspan(sizeof(SpscIndices));
  for (std::size_t at = 0; at < kBytes; at += sizeof head) {
    if (state.range(0) == 1) {
      std::memcpy(&frames[at], head, sizeof head);
    } else {
      std::memset(&frames[at], 0, sizeof head);
    }
  }
  double longest = 0;
  for (auto _ : state) {
    RecordRingConsumer out(ring.area, kRecordBytesMax);
    do {
      const auto begun = std::chrono::steady_clock::now();
      benchmark::DoNotOptimize(out.next());
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
      longest = std::max(longest, taken.count());
    } while (out.amid_damage());
  }
  state.counters["longest_call"] = longest;
}
BENCHMARK(damage_searched)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace headrace::core

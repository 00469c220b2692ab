// Counts that one thread writes and any thread may read, at the price of a plain increment: relaxed
// loads and stores, no read-modify-write. They hold no pointers and may live in shared memory.
//
// A reader sees each count whole and never going back, but not several counts of one moment.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace headrace::core {

// Only grows.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Goes up and down.
class Gauge {
 public:
  void add(std::int64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Counters by the values of an enum whose last one is `count`, padded so that no other thread's
// writes share their cache lines. One block per writing thread.
template <class Which>
class alignas(64) CounterBlock {
 public:
  static constexpr std::size_t kCounters =
      static_cast<std::size_t>(std::to_underlying(Which::count));

  void add(Which which, std::uint64_t n = 1) { at(which).add(n); }
  [[nodiscard]] std::uint64_t value(Which which) const {
    return counters_[static_cast<std::size_t>(std::to_underlying(which))].value();
  }

 private:
  Counter& at(Which which) {
    return counters_[static_cast<std::size_t>(std::to_underlying(which))];
  }

  std::array<Counter, kCounters> counters_;
};

}  // namespace headrace::core

// A 64-bit word in shared memory: every access is one atomic operation, and each of them one of the
// points at which a process may die or another one may come in between.
//
// HEADRACE_STEP_POINTS, which only tests/core/limits knows, calls step_point() before each access,
// so that a test can stop there, or go on with another shard. Everywhere else nothing of it is
// left.
#pragma once

#include <atomic>
#include <cstdint>

namespace headrace::core {

#if defined(HEADRACE_STEP_POINTS)
inline void (*step_point)() = nullptr;
#endif

class SharedWord {
 public:
  [[nodiscard]] std::uint64_t load() const {
    reach_step_point();
    return word_.load(std::memory_order_acquire);
  }
  // In one order with all replace() and load_in_order(), of any words.
  [[nodiscard]] std::uint64_t load_in_order() const {
    reach_step_point();
    return word_.load(std::memory_order_seq_cst);
  }
  void store(std::uint64_t value) {
    reach_step_point();
    word_.store(value, std::memory_order_release);
  }
  // On failure `expected` is what the word holds.
  bool replace(std::uint64_t& expected, std::uint64_t value) {
    reach_step_point();
    return word_.compare_exchange_strong(expected, value, std::memory_order_seq_cst,
                                         std::memory_order_acquire);
  }
  // One try, if the word still holds what was seen.
  bool replace_seen(std::uint64_t seen, std::uint64_t value) { return replace(seen, value); }
  void raise_to(std::uint64_t value) {
    for (std::uint64_t now = load(); now < value && !replace(now, value);) {
    }
  }

 private:
  static void reach_step_point() {
#if defined(HEADRACE_STEP_POINTS)
    if (step_point != nullptr) step_point();
#endif
  }

  std::atomic<std::uint64_t> word_;
};

static_assert(sizeof(SharedWord) == 8);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "atomics in shared memory");

}  // namespace headrace::core

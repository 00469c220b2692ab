// What active health checks say of a provider, in one word that all shards read:
//
//   63          56 55     48 47      40 39     33 32  31          0
//   [    check    | failed  |  passed  | unused | down | checked at ]
//
//   failed, passed   checks in a row; the other is 0
//   checked at       milliseconds (word_time.h). What nobody has renewed for kStaleIntervals is not
//                    believed any more: whoever checked may have died.
//   check            a fold of the rest, as in breaker_word.h
//
// All zero: never checked, which counts as healthy.
//
// Threads: one checks and writes; any number read.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/clock.h"
#include "policy/resilience/word_time.h"

namespace headrace::policy {

struct HealthRules {
  std::uint32_t interval_ms = 0;  // 0: no active checks
  std::uint32_t timeout_ms = 2'000;
  std::uint32_t failures = 3;   // in a row, to be taken for down
  std::uint32_t successes = 2;  // in a row, to be taken for up again
  std::uint32_t jitter_percent = 20;

  friend bool operator==(const HealthRules&, const HealthRules&) = default;
};

class Health {
 public:
  static constexpr std::uint32_t kStaleIntervals = 4;

  explicit Health(std::atomic<std::uint64_t>& word) : word_(&word) {}

  [[nodiscard]] bool is_down(const HealthRules& rules, core::Instant now) const {
    if (rules.interval_ms == 0) return false;
    const std::uint64_t word = word_->load(std::memory_order_relaxed);
    if ((word & kDown) == 0 || (word & kCheckBits) != check_of(word)) return false;
    const std::uint32_t age_ms = word_ms(now) - static_cast<std::uint32_t>(word);
    return age_ms <= kStaleIntervals * (rules.interval_ms + rules.timeout_ms);
  }

  // True: it changed from up to down or back.
  bool note(const HealthRules& rules, bool passed, core::Instant now) {
    const std::uint64_t before = word_->load(std::memory_order_relaxed);
    const bool sound = (before & kCheckBits) == check_of(before);
    const bool was_down = sound && (before & kDown) != 0;
    std::uint64_t in_a_row = sound ? before >> (passed ? kPassedShift : kFailedShift) & kMost : 0;
    in_a_row = std::min(in_a_row + 1, kMost);
    bool down = was_down;
    if (passed && in_a_row >= rules.successes) down = false;
    if (!passed && in_a_row >= rules.failures) down = true;
    const std::uint64_t next = std::uint64_t{word_ms(now)} | (down ? kDown : 0) |
                               in_a_row << (passed ? kPassedShift : kFailedShift);
    word_->store(next | check_of(next), std::memory_order_relaxed);
    return down != was_down;
  }

 private:
  static constexpr std::uint64_t kDown = std::uint64_t{1} << 32U;
  static constexpr unsigned kPassedShift = 40;
  static constexpr unsigned kFailedShift = 48;
  static constexpr std::uint64_t kMost = 255;
  static constexpr std::uint64_t kCheckBits = std::uint64_t{0xFF} << 56U;

  static constexpr std::uint64_t check_of(std::uint64_t word) {
    constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
    return ((word & ~kCheckBits) * kGolden) & kCheckBits;
  }

  std::atomic<std::uint64_t>* word_;
};

}  // namespace headrace::policy

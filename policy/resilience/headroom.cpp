#include "policy/resilience/headroom.h"

#include <algorithm>
#include <utility>

#include "policy/resilience/word_time.h"

namespace headrace::policy {
namespace {

constexpr int kSwapsMax = 16;

struct Bench {
  BenchReason reason = BenchReason::none;
  std::uint32_t wait_ms = 0;
};

Bench unpack_bench(std::uint64_t word, std::uint32_t now_ms) {
  const std::uint64_t reason = word >> 56U;
  const bool sound = reason > 0 && reason < kBenchReasons && (word >> 32U & 0xFF'FFFFU) == 0;
  if (!sound) return {};
  const std::uint32_t wait_ms = ms_until(static_cast<std::uint32_t>(word), now_ms);
  if (wait_ms == 0) return {};
  return {static_cast<BenchReason>(reason), wait_ms};
}

}  // namespace

Headroom::Window Headroom::window(Measure measure, core::Instant now) const {
  const std::uint64_t word =
      slot_->windows[static_cast<std::size_t>(measure)].load(std::memory_order_relaxed);
  if (word == 0) return {};
  const std::uint32_t reset_ms = ms_until(static_cast<std::uint32_t>(word), word_ms(now));
  if (reset_ms == 0) return {};
  return {true, static_cast<std::uint32_t>(word >> 32U), reset_ms};
}

KeyLook Headroom::look(std::uint64_t tokens, core::Instant now) const {
  KeyLook look;
  const Bench bench = unpack_bench(slot_->bench.load(std::memory_order_relaxed), word_ms(now));
  if (bench.wait_ms > 0) {
    // One that is refused is no use to anybody, but the provider's own word is worth more than
    // ours where there is no other: whoever provokes a refusal must not shut out the rest.
    const bool until_reset = bench.reason == BenchReason::rate_limited;
    look = {.room = until_reset ? Room::none : Room::last_resort,
            .wait_ms = until_reset ? bench.wait_ms : 0,
            .benched = bench.reason};
  }
  for (std::size_t i = 0; i < kMeasures; ++i) {
    const Window left = window(static_cast<Measure>(i), now);
    if (!left.known) continue;
    const std::uint64_t wanted = i == 0 ? 1 : tokens;
    if (left.remaining == 0) {
      look.room = Room::none;
      look.wait_ms = std::max(look.wait_ms, left.reset_ms);
    } else if (left.remaining < wanted && look.room == Room::ample) {
      look.room = Room::tight;
    }
  }
  return look;
}

void Headroom::take(std::uint64_t tokens, core::Instant now) {
  for (std::size_t i = 0; i < kMeasures; ++i) {
    // What comes out is the provider's to say.
    if (static_cast<Measure>(i) == Measure::output_tokens) continue;
    std::atomic<std::uint64_t>& word = slot_->windows[i];
    std::uint64_t seen = word.load(std::memory_order_relaxed);
    for (int tries = 0; tries < kSwapsMax; ++tries) {
      if (!window(static_cast<Measure>(i), now).known) break;
      const std::uint64_t remaining = seen >> 32U;
      // The last of the tokens may well do: only the provider's own word says that none are left.
      const std::uint64_t least = i == 0 ? 0 : std::min<std::uint64_t>(remaining, 1);
      const std::uint64_t taken = i == 0 ? 1 : tokens;
      const std::uint64_t left = remaining > taken + least ? remaining - taken : least;
      if (word.compare_exchange_weak(seen, left << 32U | (seen & 0xFFFF'FFFFU),
                                     std::memory_order_relaxed)) {
        break;
      }
    }
  }
}

void Headroom::learn(const ProviderHints& hints, core::Instant now) {
  for (std::size_t i = 0; i < kMeasures; ++i) {
    if (!hints.windows[i]) continue;
    const std::uint32_t reset_at =
        word_ms(now) + std::min(hints.windows[i]->reset_ms, kWordAheadMsMax);
    slot_->windows[i].store(std::uint64_t{hints.windows[i]->remaining} << 32U | reset_at,
                            std::memory_order_relaxed);
  }
}

void Headroom::bench(BenchReason reason, std::uint32_t for_ms, core::Instant now) {
  const std::uint32_t now_ms = word_ms(now);
  const std::uint32_t wait_ms = std::clamp<std::uint32_t>(for_ms, 1, kWordAheadMsMax);
  const std::uint64_t next =
      std::uint64_t{static_cast<std::uint8_t>(reason)} << 56U | std::uint32_t{now_ms + wait_ms};
  std::uint64_t seen = slot_->bench.load(std::memory_order_relaxed);
  for (int tries = 0; tries < kSwapsMax; ++tries) {
    if (unpack_bench(seen, now_ms).wait_ms >= wait_ms) return;
    if (slot_->bench.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return;
  }
}

void Headroom::unbench() {
  // Nearly always there is nothing to do: a load, and no store.
  std::uint64_t seen = slot_->bench.load(std::memory_order_relaxed);
  if (seen == 0 || seen >> 56U == std::to_underlying(BenchReason::rate_limited)) return;
  slot_->bench.compare_exchange_strong(seen, 0, std::memory_order_relaxed);
}

}  // namespace headrace::policy

#include "policy/resilience/breaker.h"

#include <algorithm>

#include "core/check.h"
#include "policy/resilience/word_time.h"

namespace headrace::policy {
namespace {

// Against others who change the same word; whoever fails so often lets it be.
constexpr int kSwapsMax = 64;

// A tally: 24 bits of which quarter of a window it is, 20 of requests, 20 of failures.
constexpr std::uint64_t kCountMax = (1U << 20U) - 1;
constexpr std::uint64_t kQuarterMask = (1U << 24U) - 1;

constexpr std::uint64_t quarter_of(const BreakerRules& rules, core::Instant now) {
  const auto quarter_ms = std::max<std::int64_t>(rules.window_ms / 4, 1);
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  return static_cast<std::uint64_t>(ms / quarter_ms) & kQuarterMask;
}

}  // namespace

BreakerLook Breaker::look(const BreakerRules& rules, core::Instant now) const {
  const auto word = BreakerWord::unpacked(slot_->word.load(std::memory_order_acquire));
  if (!word) return {};
  BreakerLook look{.state = word->state};
  if (word->state == BreakerState::open) {
    look.wait_ms = ms_until(word->moment_ms, word_ms(now), rules.open_ms);
    look.ready = look.wait_ms == 0;
  } else if (word->state == BreakerState::half_open && word->probes >= rules.probes_max) {
    look.wait_ms = ms_until(word->moment_ms + rules.open_ms, word_ms(now), rules.open_ms);
    look.ready = look.wait_ms == 0;
  }
  return look;
}

bool Breaker::swap(std::uint64_t& seen, const BreakerWord& next) {
  if (const auto before = BreakerWord::unpacked(seen); before && before->state != next.state) {
    HEADRACE_CHECK(may_move(before->state, next.state), "a breaker made a move that is not legal");
  }
  return slot_->word.compare_exchange_strong(seen, next.packed(), std::memory_order_acq_rel,
                                             std::memory_order_acquire);
}

Breaker::Entered Breaker::enter(const BreakerRules& rules, core::Instant now) {
  std::uint64_t seen = slot_->word.load(std::memory_order_acquire);
  const std::uint32_t now_ms = word_ms(now);
  for (int i = 0; i < kSwapsMax; ++i) {
    const auto word = BreakerWord::unpacked(seen);
    if (!word) {
      if (swap(seen, {})) return {{.held = true}, BreakerEvent::repaired};
      continue;
    }
    if (word->state == BreakerState::closed) {
      return {{.held = true, .openings = word->openings}, BreakerEvent::none};
    }
    BreakerWord next = *word;
    BreakerEvent event = BreakerEvent::none;
    if (word->state == BreakerState::open) {
      if (ms_until(word->moment_ms, now_ms, rules.open_ms) > 0) return {};
      next.state = BreakerState::half_open;
      next.passed = next.probes = 0;
      event = BreakerEvent::half_opened;
    } else if (word->probes >= rules.probes_max) {
      if (ms_until(word->moment_ms + rules.open_ms, now_ms, rules.open_ms) > 0) return {};
      // Nobody will hear of those: what they find belongs to a period that is over.
      next.probes = 0;
      ++next.openings;
    }
    ++next.probes;
    next.moment_ms = now_ms;
    if (swap(seen, next)) {
      return {{.held = true, .probe = true, .openings = next.openings}, event};
    }
  }
  return {};
}

BreakerEvent Breaker::leave(const BreakerRules& rules, BreakerPass pass, BreakerOutcome outcome,
                            core::Instant now) {
  if (!pass.held) return BreakerEvent::none;
  if (pass.probe) return end_probe(rules, pass, outcome, now);
  if (outcome == BreakerOutcome::failure) return fail(rules, pass, now);
  // Only a share needs to know of those that went well.
  if (outcome == BreakerOutcome::success && rules.failure_percent > 0) note(rules, false, now);
  return BreakerEvent::none;
}

BreakerEvent Breaker::fail(const BreakerRules& rules, BreakerPass pass, core::Instant now) {
  std::uint64_t seen = slot_->word.load(std::memory_order_acquire);
  const auto of_this_period = [&] {
    const auto word = BreakerWord::unpacked(seen);
    return word && word->state == BreakerState::closed && word->openings == pass.openings;
  };
  if (!of_this_period()) return BreakerEvent::none;
  note(rules, true, now);
  if (!too_many(rules, now)) return BreakerEvent::none;
  for (int i = 0; i < kSwapsMax && of_this_period(); ++i) {
    const BreakerWord open{.moment_ms = word_ms(now) + rules.open_ms,
                           .state = BreakerState::open,
                           .openings = static_cast<std::uint8_t>(pass.openings + 1)};
    if (swap(seen, open)) return BreakerEvent::opened;
  }
  return BreakerEvent::none;
}

BreakerEvent Breaker::end_probe(const BreakerRules& rules, BreakerPass pass, BreakerOutcome outcome,
                                core::Instant now) {
  std::uint64_t seen = slot_->word.load(std::memory_order_acquire);
  for (int i = 0; i < kSwapsMax; ++i) {
    const auto word = BreakerWord::unpacked(seen);
    const bool of_this_period = word && word->state == BreakerState::half_open &&
                                word->openings == pass.openings && word->probes > 0;
    if (!of_this_period) return BreakerEvent::none;
    BreakerWord next = *word;
    --next.probes;
    BreakerEvent event = BreakerEvent::none;
    if (outcome == BreakerOutcome::failure) {
      next = {.moment_ms = word_ms(now) + rules.open_ms,
              .state = BreakerState::open,
              .openings = static_cast<std::uint8_t>(word->openings + 1)};
      event = BreakerEvent::reopened;
    } else if (outcome == BreakerOutcome::success) {
      if (next.passed < BreakerWord::kPassedMax) ++next.passed;
      if (next.passed >= rules.successes) {
        // Nobody counts anything while it is half-open.
        for (auto& tally : slot_->tallies)
          tally.store(0, std::memory_order_relaxed);
        next = {.state = BreakerState::closed, .openings = word->openings};
        event = BreakerEvent::closed;
      }
    }
    if (swap(seen, next)) return event;
  }
  return BreakerEvent::none;
}

// --- what happened of late -----------------------------------------------------------------------

void Breaker::note(const BreakerRules& rules, bool failure, core::Instant now) {
  const std::uint64_t quarter = quarter_of(rules, now);
  std::atomic<std::uint64_t>& tally = slot_->tallies[quarter % core::TargetSlot::kTallies];
  std::uint64_t seen = tally.load(std::memory_order_relaxed);
  for (int i = 0; i < kSwapsMax; ++i) {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    if (seen >> 40U == quarter) {
      requests = seen >> 20U & kCountMax;
      failures = seen & kCountMax;
    }
    requests = std::min(requests + 1, kCountMax);
    failures = std::min(failures + (failure ? 1U : 0U), kCountMax);
    const std::uint64_t next = quarter << 40U | requests << 20U | failures;
    if (tally.compare_exchange_strong(seen, next, std::memory_order_relaxed)) return;
  }
}

Breaker::Tally Breaker::tally(const BreakerRules& rules, core::Instant now) const {
  const std::uint64_t quarter = quarter_of(rules, now);
  Tally sum;
  for (const auto& each : slot_->tallies) {
    const std::uint64_t seen = each.load(std::memory_order_relaxed);
    const std::uint64_t age = (quarter - (seen >> 40U)) & kQuarterMask;
    if (age >= core::TargetSlot::kTallies) continue;
    sum.requests += seen >> 20U & kCountMax;
    sum.failures += seen & kCountMax;
  }
  return sum;
}

bool Breaker::too_many(const BreakerRules& rules, core::Instant now) const {
  const Tally seen = tally(rules, now);
  if (rules.failures > 0 && seen.failures >= rules.failures) return true;
  return rules.failure_percent > 0 && seen.requests >= rules.requests_min &&
         seen.failures * 100 >= seen.requests * rules.failure_percent;
}

}  // namespace headrace::policy

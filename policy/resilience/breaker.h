// A breaker over the words that it has in the shared region: it keeps requests away from a provider
// (or one model on it) that fails.
//
//   look()    what would an attempt meet?  One load.
//   enter()   an attempt is made: a pass, or not. Half-open lets a few probes through, counted
//             across all shards.
//   leave()   the attempt is over; every pass is given back exactly once.
//
// Failures count in five tallies of a quarter of the window each, so `failures` of them within any
// stretch of window_ms open the breaker, and none older than 1.25 x window_ms ever counts. What an
// attempt finds counts only in the period (between two openings) that it began in. A probe that
// never came back (its process was killed) is given up after open_ms.
//
// Threads:  any number; every change is one compare-and-swap, tried a bounded number of times.
// Corrupt:  a word that is none counts as closed; the next attempt makes it one and says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/clock.h"
#include "core/region_layout.h"
#include "policy/resilience/breaker_word.h"

namespace headrace::policy {

struct BreakerRules {
  std::uint32_t failures = 5;  // 0: never opens
  std::uint32_t window_ms = 60'000;
  std::uint32_t failure_percent = 0;  // of the requests in the window; 0: their share is no matter
  std::uint32_t requests_min = 20;    // before a share means anything
  std::uint32_t open_ms = 60'000;
  std::uint32_t probes_max = 2;  // under way at one time, of all shards
  std::uint32_t successes = 2;   // of probes, to close

  friend bool operator==(const BreakerRules&, const BreakerRules&) = default;
};

// What changed by a call, for counting.
enum class BreakerEvent : std::uint8_t {
  none,
  opened,       // closed -> open
  half_opened,  // open -> half-open
  reopened,     // half-open -> open
  closed,       // half-open -> closed
  repaired,     // the word was corrupt
};
inline constexpr std::size_t kBreakerEvents = 6;

struct BreakerLook {
  BreakerState state = BreakerState::closed;
  bool ready = true;          // an attempt would be let through
  std::uint32_t wait_ms = 0;  // not ready: when it might be
};

struct BreakerPass {
  bool held = false;  // it is to be given back
  bool probe = false;
  std::uint8_t openings = 0;
};

enum class BreakerOutcome : std::uint8_t {
  success,
  failure,
  neither,  // says nothing: the client left, or it was the client's fault
};

class Breaker {
 public:
  explicit Breaker(core::TargetSlot& slot) : slot_(&slot) {}

  [[nodiscard]] BreakerLook look(const BreakerRules& rules, core::Instant now) const;
  struct Entered {
    BreakerPass pass;  // held: go
    BreakerEvent event = BreakerEvent::none;
  };
  [[nodiscard]] Entered enter(const BreakerRules& rules, core::Instant now);
  BreakerEvent leave(const BreakerRules& rules, BreakerPass pass, BreakerOutcome outcome,
                     core::Instant now);

  struct Tally {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
  };
  [[nodiscard]] Tally tally(const BreakerRules& rules, core::Instant now) const;

 private:
  bool swap(std::uint64_t& seen, const BreakerWord& next);
  void note(const BreakerRules& rules, bool failure, core::Instant now);
  [[nodiscard]] bool too_many(const BreakerRules& rules, core::Instant now) const;
  BreakerEvent fail(const BreakerRules& rules, BreakerPass pass, core::Instant now);
  BreakerEvent end_probe(const BreakerRules& rules, BreakerPass pass, BreakerOutcome outcome,
                         core::Instant now);

  core::TargetSlot* slot_;
};

}  // namespace headrace::policy

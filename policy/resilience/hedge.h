// A second call for a request whose provider is silent (a hedge): whether there is one, when, and
// which of the two calls the client hears.
//
//   sent      once the request has left and no byte of an answer has come for hedge_delay_ms()
//   to        a target of the route that this request has not tried, with room (target_choice.h)
//   for       requests that may be asked twice, because asking leaves nothing behind but its cost
//   bounds    one for a request; it counts as one of its tries, and is paid for by the route's
//             RetryBudget, as a retry is
//   ends      the first call whose answer's head is whole, and no failure to be retried, wins; the
//             other is cancelled, and its cost estimated, because its provider had the whole
//             request (AttemptEnd::beaten)
//
// Pure. Off by default: a hedge costs money.
#pragma once

#include <cstdint>

#include "policy/resilience/attempt.h"

namespace headrace::policy {

struct HedgeRules {
  std::uint32_t after_ms = 0;         // 0: never
  std::uint32_t latency_percent = 0;  // of the target's usual time to the first byte, if later

  friend bool operator==(const HedgeRules&, const HedgeRules&) = default;
};

// What of a request decides whether it may be asked twice.
struct HedgeQuestion {
  std::uint32_t tries = 0;  // calls so far
  std::uint32_t tries_max = 0;
  std::uint32_t targets = 0;  // of its route
  bool body_held = false;     // whole, in our memory, so that it can be sent again
  bool own_key = false;       // shown to the provider: its owner's account, not ours to spend twice
  bool leaves_something = false;  // a stored answer, or a change of a stored object
};
[[nodiscard]] bool may_hedge(const HedgeRules& rules, const HedgeQuestion& question);

// From the request's last byte on. `usual_us`: the target's average; 0: not known.
[[nodiscard]] std::uint32_t hedge_delay_ms(const HedgeRules& rules, std::uint64_t usual_us);

// What becomes of two calls when one of them says something, or fails.
enum class HedgeVerdict : std::uint8_t {
  wins,  // the client hears it; the other is cancelled
  out,   // the other goes on alone
};
[[nodiscard]] HedgeVerdict judge_hedge(AttemptEnd end);

}  // namespace headrace::policy

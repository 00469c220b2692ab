#include "policy/resilience/hedge.h"

#include <algorithm>

namespace headrace::policy {

bool may_hedge(const HedgeRules& rules, const HedgeQuestion& question) {
  if (rules.after_ms == 0 || question.targets < 2) return false;
  if (question.tries >= question.tries_max || question.tries >= kAttemptsMax) return false;
  return question.body_held && !question.own_key && !question.leaves_something;
}

std::uint32_t hedge_delay_ms(const HedgeRules& rules, std::uint64_t usual_us) {
  constexpr std::uint64_t kPercentOfMicros = 100'000;  // to milliseconds
  // An average of days is a broken clock: it must not overflow what it is multiplied by.
  constexpr std::uint64_t kUsualMicrosMax = 86'400'000'000;
  const std::uint64_t usual_ms =
      std::min(usual_us, kUsualMicrosMax) * rules.latency_percent / kPercentOfMicros;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(rules.after_ms, usual_ms));
}

HedgeVerdict judge_hedge(AttemptEnd end) {
  return row(end).retry ? HedgeVerdict::out : HedgeVerdict::wins;
}

}  // namespace headrace::policy

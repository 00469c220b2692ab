#include "policy/resilience/retry.h"

namespace headrace::policy {

std::optional<std::uint32_t> backoff_ms(const RetryRules& rules, std::uint32_t retries_before,
                                        std::uint32_t hint_ms, std::uint64_t random) {
  if (hint_ms > rules.hint_max_ms) return std::nullopt;
  std::uint64_t delay = rules.base_ms;
  for (std::uint32_t i = 0; i < retries_before && delay < rules.max_ms; ++i)
    delay *= rules.factor;
  delay = std::min<std::uint64_t>(delay, rules.max_ms);
  const std::uint64_t half = delay / 2;
  const std::uint64_t jittered = delay - half + random % (half + 1);
  // What everybody was told is spread as well.
  if (hint_ms > jittered) return static_cast<std::uint32_t>(hint_ms + random % (half / 4 + 1));
  return static_cast<std::uint32_t>(jittered);
}

void RetryBudget::refill(const RetryRules& rules, core::Instant now) {
  const std::uint64_t most = rules.budget_burst * kRetry;
  if (!begun_) {
    begun_ = true;
    left_ = most;
    refilled_at_ = now;
  }
  const auto passed_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_at_).count();
  if (passed_ms > 0) {
    left_ += static_cast<std::uint64_t>(passed_ms);  // 1000 thousandths a second
    refilled_at_ += std::chrono::milliseconds(passed_ms);
  }
  left_ = std::min(left_, most);
}

void RetryBudget::on_request(const RetryRules& rules, core::Instant now) {
  refill(rules, now);
  left_ = std::min(left_ + std::uint64_t{rules.budget_percent} * 10,
                   std::uint64_t{rules.budget_burst} * kRetry);
}

bool RetryBudget::take(const RetryRules& rules, core::Instant now) {
  refill(rules, now);
  if (left_ < kRetry) return false;
  left_ -= kRetry;
  return true;
}

}  // namespace headrace::policy

// When a request is sent again, and how often all requests of a route may be.
//
// Pure: the moment and the random number are given.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace headrace::policy {

struct RetryRules {
  std::uint32_t tries = 3;  // the first one counts; 1: never again
  std::uint32_t base_ms = 1000;
  std::uint32_t factor = 2;
  std::uint32_t max_ms = 30'000;
  std::uint32_t budget_percent = 20;   // of the route's requests may be retries ...
  std::uint32_t budget_burst = 10;     // ... and so many more at a time
  std::uint32_t hint_max_ms = 30'000;  // a provider that says "later than this" is not waited for

  friend bool operator==(const RetryRules&, const RetryRules&) = default;
};

// How long to wait before the target is tried again: half of the exponential delay, and up to half
// more by chance, so that those who failed together do not come back together; never sooner than
// the provider said. `retries_before` is 0 at the first retry. Nothing: the hint is too far ahead.
[[nodiscard]] std::optional<std::uint32_t> backoff_ms(const RetryRules& rules,
                                                      std::uint32_t retries_before,
                                                      std::uint32_t hint_ms, std::uint64_t random);

// Keeps retries a share of the requests of one route (and shard), so that a failing provider does
// not get a multiple of its load. In thousandths of a retry: each request brings in
// budget_percent x 10, a retry takes 1000, and one comes back each second all the same, for routes
// with little traffic.
class RetryBudget {
 public:
  void on_request(const RetryRules& rules, core::Instant now);
  // False: there is nothing left for it.
  [[nodiscard]] bool take(const RetryRules& rules, core::Instant now);

 private:
  static constexpr std::uint64_t kRetry = 1000;
  void refill(const RetryRules& rules, core::Instant now);

  std::uint64_t left_ = 0;
  core::Instant refilled_at_{};
  bool begun_ = false;
};

}  // namespace headrace::policy

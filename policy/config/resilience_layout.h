// Rows of the config base by which requests get past what fails: keys of providers, breakers,
// health checks, retries, hedges. Included by base_layout.h.
//
//   providers ----------> provider_resilience (the same row) -----> provider_keys
//   routes -------------> route_resilience    (the same row)
//   settings -----------> ResilienceDefaults  what providers and routes have that say nothing else;
//                         their rows have it already
#pragma once

#include <cstdint>

#include "policy/config/row_values.h"
#include "policy/resilience/attempt.h"
#include "policy/resilience/breaker.h"
#include "policy/resilience/health.h"
#include "policy/resilience/hedge.h"
#include "policy/resilience/retry.h"
#include "policy/resilience/target_choice.h"

namespace headrace::policy::config {

enum class HealthProbe : std::uint8_t { get, head, connect };
inline constexpr HealthProbe kLastHealthProbe = HealthProbe::connect;
inline constexpr Balance kLastBalance = Balance::least_latency;

// More keys of one provider are not looked through for a request.
inline constexpr std::size_t kProviderKeysMax = kCandidatesMax;

struct ProviderKey {
  TextRef name;
  TextRef credential;  // sealed, context by provider_key_context()
  std::uint32_t weight;
  RowRef limits;  // in limit_sets: of all that is asked with it
  Switch drain;   // takes no new requests
  std::uint8_t reserved[3];
};
struct ProviderResilience {
  RowRange keys;  // none: the one credential of the provider, or none at all
  TextRef health_path;
  BreakerRules breaker;
  HealthRules health;
  std::uint32_t key_bench_ms;  // a key that was refused, or whose account is spent
  HealthProbe health_probe;
  Switch health_any_status;  // any answer below 500 will do, not 2xx and 3xx alone
  std::uint8_t reserved[2];
};
struct RouteResilience {
  RetryRules retry;
  HedgeRules hedge;
  std::uint32_t comment_interval_ms;  // to streams whose provider is silent; 0: none
  Balance balance;
  LostAttempts lost_attempts;
  std::uint8_t reserved[2];
};
struct ResilienceDefaults {
  BreakerRules breaker;
  RetryRules retry;
  HedgeRules hedge;
  LostAttempts lost_attempts;
  std::uint8_t reserved[3];
};

static_assert(sizeof(ProviderKey) == 28);
static_assert(sizeof(ProviderResilience) == 72);
static_assert(sizeof(RouteResilience) == 44);
static_assert(sizeof(ResilienceDefaults) == 68);

}  // namespace headrace::policy::config

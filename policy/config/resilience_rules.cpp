#include <fmt/format.h>

#include "policy/config/config_rules.h"
#include "policy/config/unique_names.h"

namespace headrace::policy::config {
namespace {

bool has_credentials(const ProviderModel& provider) {
  return provider.auth != AuthOption::none;
}

void judge_keys(const ProviderModel& provider, ErrorList& errors) {
  if (provider.keys.empty()) return;
  const std::string called = "provider " + shown(provider.name);
  if (!has_credentials(provider)) {
    errors.add(provider.place_of("keys"), called + " has keys and `auth: none`",
               "remove one of them");
  }
  if (provider.credential.given()) {
    errors.add(provider.place_of("keys"), called + " has both `credential` and `keys`",
               "move the credential to the keys");
  }
  UniqueNames names("the key", errors);
  bool one_serves = false;
  for (const ProviderKeyModel& key : provider.keys) {
    names.add(key.name);
    one_serves |= key.drain == Switch::off;
  }
  if (!one_serves) {
    errors.add(provider.place_of("keys"), called + " drains all of its keys",
               "leave one, or remove the provider from its routes");
  }
}

void judge_breaker(const ProviderModel& provider, ErrorList& errors) {
  const BreakerRules& breaker = provider.breaker.row;
  if (breaker.successes == 0 || breaker.probes_max == 0) return;
  const bool never = breaker.failures == 0 && breaker.failure_percent == 0;
  for (const char* option : {"open_ms", "probes_max", "successes", "window_ms"}) {
    if (!never || !provider.breaker.has(option)) continue;
    errors.add(provider.breaker.place_of(option),
               fmt::format("`{}` of a breaker that never opens", option),
               "remove it, or say when it opens: `failures` or `failure_percent`");
  }
}

void judge_health(const ProviderModel& provider, ErrorList& errors) {
  const HealthModel& health = provider.health;
  if (health.row.interval_ms > 0 && health.row.timeout_ms > health.row.interval_ms) {
    errors.add(health.place_of(health.has("timeout_ms") ? "timeout_ms" : "interval_ms"),
               fmt::format("`timeout_ms` ({}) of a health check is above `interval_ms` ({})",
                           health.row.timeout_ms, health.row.interval_ms),
               "lower the first, or raise the second");
  }
  if (health.probe != HealthProbe::connect) return;
  for (const char* option : {"path", "any_status"}) {
    if (!health.has(option)) continue;
    errors.add(health.place_of(option),
               fmt::format("`{}` of a health check that only connects", option),
               "remove it, or say `probe: get`");
  }
}

void judge_retry(const RouteModel& route, ErrorList& errors) {
  const RetryRules& retry = route.retry.row;
  if (retry.base_ms > retry.max_ms) {
    errors.add(route.retry.place_of(route.retry.has("base_ms") ? "base_ms" : "max_ms"),
               fmt::format("`base_ms` ({}) is above `max_ms` ({})", retry.base_ms, retry.max_ms),
               "lower the first, or raise the second");
  }
}

}  // namespace

void apply_resilience_rules(ConfigModel& model, ErrorList& errors) {
  for (const ProviderModel& provider : model.providers) {
    judge_keys(provider, errors);
    judge_breaker(provider, errors);
    judge_health(provider, errors);
  }
  for (const RouteModel& route : model.routes)
    judge_retry(route, errors);
}

}  // namespace headrace::policy::config

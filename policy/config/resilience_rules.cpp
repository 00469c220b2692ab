#include <fmt/format.h>

#include "policy/config/config_rules.h"
#include "policy/config/option_table.h"
#include "policy/config/resilience_options.h"
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

// Every number that the record does not have of its own. It is judged with the place of whoever
// said it.
template <class Model>
void inherit(const SectionSpec& section, const Model& from, Model& into) {
  for (const OptionSpec& option : section.options) {
    if (!into.has(option.name)) option.set_number(&into, option.get_number(&from));
  }
  if (into.given.empty()) into.place = from.place;
}

void inherit(const DefaultsModel& defaults, ProviderModel& provider) {
  inherit(kBreakerSection, defaults.breaker, provider.breaker);
}

void inherit(const DefaultsModel& defaults, RouteModel& route) {
  inherit(kRetrySection, defaults.retry, route.retry);
  // Where there is nowhere else to go none is meant.
  if (route.targets.size() > 1) inherit(kHedgeSection, defaults.hedge, route.hedge);
  if (!route.has("lost_attempts")) route.lost_attempts = defaults.lost_attempts;
}

// What `-T` prints says everything, so what is as everywhere contradicts nothing.
void judge_breaker(const DefaultsModel& defaults, const ProviderModel& provider,
                   ErrorList& errors) {
  const BreakerRules& breaker = provider.breaker.row;
  if (breaker.successes == 0 || breaker.probes_max == 0) return;
  const bool never = breaker.failures == 0 && breaker.failure_percent == 0;
  for (const char* name : {"open_ms", "probes_max", "successes", "window_ms"}) {
    if (!never || !provider.breaker.has(name)) continue;
    const OptionSpec& option = *find_option(kBreakerSection, name);
    if (option.get_number(&provider.breaker) == option.get_number(&defaults.breaker)) continue;
    errors.add(provider.breaker.place_of(name),
               fmt::format("`{}` of a breaker that never opens", name),
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

void judge_retry(const RetryModel& model, ErrorList& errors) {
  const RetryRules& retry = model.row;
  if (retry.base_ms > retry.max_ms) {
    errors.add(model.place_of(model.has("base_ms") ? "base_ms" : "max_ms"),
               fmt::format("`base_ms` ({}) is above `max_ms` ({})", retry.base_ms, retry.max_ms),
               "lower the first, or raise the second");
  }
}

void judge_hedge(const RouteModel& route, ErrorList& errors) {
  if (route.hedge.row.after_ms == 0) return;
  if (route.targets.size() < 2) {
    errors.add(route.hedge.place_of("after_ms"), "a hedge on a route with one target",
               "add a target that it can go to, or remove it");
  }
  if (route.retry.row.tries < 2) {
    errors.add(route.hedge.place_of("after_ms"), "a hedge on a route that tries once",
               "raise `tries` of its retries to 2 at least: a hedge is one of them");
  }
}

}  // namespace

void apply_resilience_rules(ConfigModel& model, ErrorList& errors) {
  const DefaultsModel& defaults = model.defaults;
  judge_retry(defaults.retry, errors);
  for (ProviderModel& provider : model.providers) {
    inherit(defaults, provider);
    judge_keys(provider, errors);
    judge_breaker(defaults, provider, errors);
    judge_health(provider, errors);
  }
  for (RouteModel& route : model.routes) {
    inherit(defaults, route);
    if (route.retry.row != defaults.retry.row) judge_retry(route.retry, errors);
    judge_hedge(route, errors);
  }
}

}  // namespace headrace::policy::config

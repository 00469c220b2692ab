// Judges the rows of resilience_layout.h once, when a base is opened.
#include "policy/config/base_judge.h"
#include "policy/config/config_model.h"
#include "policy/config/resilience_options.h"

namespace headrace::policy::config {

void BaseJudge::judge_resilience() {
  const auto within = [this](const SectionSpec& section, const auto& model) {
    if (first_out_of_bounds(section, &model) != nullptr) refuse("a number is out of its bounds");
  };
  if (view_.provider_resilience_.size() != view_.providers_.size() ||
      view_.route_resilience_.size() != view_.routes_.size()) {
    return refuse("a provider or route lacks its second row");
  }
  for (const ProviderResilience& row : view_.provider_resilience_) {
    range(row.keys, view_.provider_keys_.size());
    if (row.keys.count > kProviderKeysMax) return refuse("a provider has too many keys");
    text(row.health_path);
    HealthModel health;
    health.row = row.health;
    health.probe = row.health_probe;
    health.any_status = row.health_any_status;
    within(kHealthSection, health);
    BreakerModel breaker;
    breaker.row = row.breaker;
    within(kBreakerSection, breaker);
  }
  for (const ProviderKey& key : view_.provider_keys_) {
    text(key.name);
    sealed(key.credential);
    limits(key.limits);
    ProviderKeyModel model;
    model.weight = key.weight;
    model.drain = key.drain;
    within(kProviderKeySection, model);
  }
  const auto judge_retries = [&](const auto& row) {
    RetryModel retry;
    retry.row = row.retry;
    within(kRetrySection, retry);
    HedgeModel hedge;
    hedge.row = row.hedge;
    within(kHedgeSection, hedge);
    value(row.lost_attempts, kLastLostAttempts);
  };
  for (const RouteResilience& row : view_.route_resilience_) {
    judge_retries(row);
    value(row.balance, kLastBalance);
  }
  const ResilienceDefaults& defaults = view_.settings().defaults;
  judge_retries(defaults);
  BreakerModel breaker;
  breaker.row = defaults.breaker;
  within(kBreakerSection, breaker);
}

}  // namespace headrace::policy::config

// Rows of the config base by which requests get past what fails.
#include "policy/config/base_builder.h"
#include "policy/config/config_view.h"

namespace headrace::policy::config {

void BaseBuilder::add_resilience(const ProviderModel& provider) {
  ProviderResilience row{};
  row.keys = {static_cast<std::uint32_t>(provider_keys_.size()),
              static_cast<std::uint32_t>(provider.keys.size())};
  for (const ProviderKeyModel& key : provider.keys) {
    ProviderKey added{};
    added.name = intern(key.name.value);
    added.credential = append_sealed(provider_key_context(provider.name.value, key.name.value),
                                     key.credential.value);
    added.weight = static_cast<std::uint32_t>(key.weight);
    added.limits = quota_.limit_set(key.quota);
    added.drain = key.drain;
    provider_keys_.push_back(added);
  }
  row.health_path = intern(provider.health.path.value);
  row.breaker = provider.breaker.row;
  row.health = provider.health.row;
  row.key_bench_ms = static_cast<std::uint32_t>(provider.key_bench_ms);
  row.health_probe = provider.health.probe;
  row.health_any_status = provider.health.any_status;
  provider_resilience_.push_back(row);
}

void BaseBuilder::add_resilience(const DefaultsModel& defaults) {
  ResilienceDefaults row{};
  row.breaker = defaults.breaker.row;
  row.retry = defaults.retry.row;
  row.hedge = defaults.hedge.row;
  row.lost_attempts = defaults.lost_attempts;
  settings_.defaults = row;
}

void BaseBuilder::add_resilience(const RouteModel& route) {
  RouteResilience row{};
  row.retry = route.retry.row;
  row.hedge = route.hedge.row;
  row.lost_attempts = route.lost_attempts;
  row.comment_interval_ms = static_cast<std::uint32_t>(route.comment_interval_ms);
  row.balance = route.balance;
  route_resilience_.push_back(row);
}

}  // namespace headrace::policy::config

// Keys of providers, breakers, health checks, retries and hedges as they were written:
// config_model.h.
#pragma once

#include <cstdint>

#include "policy/config/model_values.h"
#include "policy/config/quota_model.h"
#include "policy/config/resilience_layout.h"

namespace headrace::policy::config {

struct ProviderKeyModel : Record {
  Text name;
  Text credential;
  std::uint64_t weight = 0;
  ScopeQuota quota;  // limits only
  Switch drain = Switch::off;
};
struct BreakerModel : Record {
  BreakerRules row{};
};
struct HealthModel : Record {
  Text path;
  HealthRules row{};
  HealthProbe probe = HealthProbe::get;
  Switch any_status = Switch::off;
};
struct RetryModel : Record {
  RetryRules row{};
};
struct HedgeModel : Record {
  HedgeRules row{};
};
// What providers and routes have that say nothing else.
struct DefaultsModel : Record {
  BreakerModel breaker;
  RetryModel retry;
  HedgeModel hedge;
  LostAttempts lost_attempts = LostAttempts::absorbed;
};

}  // namespace headrace::policy::config

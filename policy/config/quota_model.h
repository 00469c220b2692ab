// Plans, limits, budgets, credits and prices between text and base (config_model.h).
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include <string>
#include <vector>

#include "policy/config/model_values.h"
#include "policy/config/quota_layout.h"

namespace headrace::policy::config {

struct LimitModel : Record {
  Text name;
  Text model;
  LimitRule row{};  // numbers and choices only
};
struct BudgetModel : Record {
  Text name;
  std::vector<Text> warn_percent;
  LimitRule row{};  // as above; `value` is money
};
struct CreditModel : Record {
  Text note;
  std::uint64_t micro_usd = 0;
};
// What any scope may have.
struct ScopeQuota {
  Text plan;
  std::vector<LimitModel> limits;
  std::vector<BudgetModel> budgets;
  std::vector<CreditModel> credits;

  [[nodiscard]] bool empty() const {
    return !plan.given() && limits.empty() && budgets.empty() && credits.empty();
  }
};
struct PlanModel : Record {
  Text name;
  std::vector<Text> models;
  std::vector<LimitModel> limits;
  std::vector<BudgetModel> budgets;
};
struct PriceModel : Record {
  Text provider;
  std::vector<Text> models;
  Text from;
  Price row{};  // rates, and what follows from the texts
};
struct WeightModel : Record {
  Text path;
  std::uint64_t requests = 0;
};
struct QuotaModel : Record {
  QuotaSettings row{};
};
// A time zone that tenants name, as the machine's rules come to.
struct ZoneModel {
  std::string name;
  std::vector<core::ZoneOffset> offsets;
};

}  // namespace headrace::policy::config

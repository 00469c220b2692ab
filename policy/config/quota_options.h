// The options that every scope has in the same words: its plan, limits, budgets and credits.
//
// Threads: constant expressions. For option_table*.cpp only.
#pragma once

#include "policy/config/option_builder.h"
#include "policy/config/option_sections.h"

namespace headrace::policy::config {

template <auto Quota>
constexpr OptionSpec plan_option() {
  return text<Quota, &ScopeQuota::plan>("plan", TextRule::label, kLabelBytesMax,
                                        "The plan that it has; its own limits go before those of "
                                        "the plan for the same measure and window.");
}
template <auto Quota>
constexpr OptionSpec limits_option() {
  return records<Quota, &ScopeQuota::limits>("limits", kLimitSection, kLimitsOfAScopeMax,
                                             "What it may use at most.");
}
template <auto Quota>
constexpr OptionSpec budgets_option() {
  return records<Quota, &ScopeQuota::budgets>("budgets", kBudgetSection, kLimitsOfAScopeMax,
                                              "What it may spend at most.");
}
template <auto Quota>
constexpr OptionSpec credits_option() {
  return records<Quota, &ScopeQuota::credits>(
      "credits", kCreditSection, 64,
      "What was paid beforehand. Once there is one, nothing more is served than they pay for.");
}

}  // namespace headrace::policy::config

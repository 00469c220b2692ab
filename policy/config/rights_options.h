// The options of whatever has rights (access_model.h), for the option tables of keys, of tokens'
// issuers and of anonymous callers: rights_options<&KeyModel::rights>().
//
// Threads: constant expressions.
#pragma once

#include <array>
#include <cstddef>

#include "policy/config/option_builder.h"

namespace headrace::policy::config {

template <auto Rights>
constexpr std::array<OptionSpec, 10> rights_options() {
  return {
      otherwise("every model", texts<Rights, &RightsModel::models>(
                                   "models", TextRule::model_pattern, kModelBytesMax, 64,
                                   "What may be asked for: names, or beginnings with a star.")),
      otherwise("true, or false where `models` is given",
                flag<Rights, &RightsModel::passthrough>("passthrough", false,
                                                        "May the passthrough rules be used.")),
      otherwise("every endpoint",
                texts<Rights, &RightsModel::scopes>(
                    "scopes", TextRule::scope, kPermissionBytesMax, 32,
                    "Endpoints that may be used: `chat`, `completions`, `embeddings`, "
                    "`moderations`, `token_counts`, `models`, `other`, or a method and a path as "
                    "in a role: `GET /v1/files/*`.")),
      otherwise("every route", texts<Rights, &RightsModel::routes>(
                                   "routes", TextRule::identifier, kNameBytesMax, 64,
                                   "Routes that may be used, by their names.")),
      texts<Rights, &RightsModel::roles>("roles", TextRule::identifier, kNameBytesMax, kRolesMax,
                                         "Roles, as `roles` has them."),
      otherwise("anywhere", texts<Rights, &RightsModel::ip_allow>(
                                "ip_allow", TextRule::identifier, kNameBytesMax, 16,
                                "From where its callers may come: names of `ip_lists`.")),
      otherwise("never", text<Rights, &RightsModel::expires_at>(
                             "expires_at", TextRule::date, 20,
                             "From when on it is refused: `2027-01-31` or "
                             "`2027-01-31T12:30:00Z`.")),
      flag<Rights, &RightsModel::suspended>("suspended", false, "Refused until this is off again."),
      flag<Rights, &RightsModel::debug>(
          "debug", false, "May it ask for an explanation of what becomes of its requests."),
      flag<Rights, &RightsModel::bypass_limits>(
          "bypass_limits", false,
          "No limit of anybody holds for it: for services of one's own. What it uses is still "
          "recorded."),
  };
}

// Two tables as one.
template <std::size_t A, std::size_t B>
constexpr std::array<OptionSpec, A + B> with_options(const OptionSpec (&first)[A],
                                                     const std::array<OptionSpec, B>& second) {
  std::array<OptionSpec, A + B> all{};
  for (std::size_t i = 0; i < A; ++i)
    all[i] = first[i];
  for (std::size_t i = 0; i < B; ++i)
    all[A + i] = second[i];
  return all;
}

}  // namespace headrace::policy::config

// Roles, policy sets, and what a key may do, between text and base (config_model.h).
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include <cstdint>
#include <vector>

#include "policy/config/access_layout.h"
#include "policy/config/model_values.h"

namespace headrace::policy::config {

// Part of what has rights: a key, the issuer of tokens, whoever is nobody at a listener.
struct RightsModel {
  std::vector<Text> models;
  std::vector<Text> scopes;
  std::vector<Text> routes;
  std::vector<Text> roles;
  std::vector<Text> ip_allow;
  Text expires_at;
  Switch passthrough = Switch::off;
  Switch suspended = Switch::off;
  Switch debug = Switch::off;
  Switch bypass_limits = Switch::off;
  std::uint64_t expires_at_s = 0;  // what `expires_at` says
};

struct RoleModel : Record {
  Text name;
  std::vector<Text> inherits;
  std::vector<Text> allow;
};

struct AnonymousModel : Record {
  Text tenant;
  RightsModel rights;
};
struct PolicySetModel : Record {
  Text name;
  std::vector<Text> allow;
  std::vector<Text> tenants;
  std::vector<Text> roles;
  std::vector<Text> skip;
  AnonymousModel anonymous;
  PolicySet row{};  // switches and choices only
};

}  // namespace headrace::policy::config

// Organisations, tenants, projects, users and keys between text and base (config_model.h).
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include <vector>

#include "policy/config/access_model.h"
#include "policy/config/model_values.h"
#include "policy/config/quota_model.h"
#include "policy/config/scope_layout.h"

namespace headrace::policy::config {

struct OrganisationModel : Record {
  Text name;
  ScopeQuota quota;
};
struct TenantModel : Record {
  Text name;
  Text organisation;
  Text time_zone;
  ScopeQuota quota;
  std::vector<Text> models;
  std::vector<Text> ip_allow;
  Tenant row{};  // numbers and choices only
};
struct ProjectModel : Record {
  Text name;
  Text tenant;
  ScopeQuota quota;
};
struct UserModel : Record {
  Text name;
  Text tenant;
  ScopeQuota quota;
  std::vector<Text> roles;
  Switch suspended = Switch::off;
};
struct KeyModel : Record {
  Text name;
  Text key;     // plain; only its digest goes on
  Text sha256;  // as written
  Sha256 digest;
  Text prefix;
  Text tenant;
  Text project;
  Text user;
  RightsModel rights;
  ScopeQuota quota;
};

}  // namespace headrace::policy::config

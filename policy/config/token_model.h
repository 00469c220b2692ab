// The issuers of tokens between text and base (config_model.h).
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include <vector>

#include "policy/config/access_model.h"
#include "policy/config/model_values.h"
#include "policy/config/token_layout.h"

namespace headrace::policy::config {

struct TokenIssuerModel : Record {
  Text name;
  Text issuer;
  Text keys_file;
  Text secret;
  std::vector<Text> audiences;
  Text tenant;
  Text tenant_claim;
  Text user_claim;
  Text roles_claim;
  std::vector<Text> denied_ids;
  std::vector<Text> denied_subjects;
  RightsModel rights;
  TokenIssuer row{};  // numbers, switches and choices only
};

}  // namespace headrace::policy::config

// Networks, and what is told about decisions, between text and base (config_model.h).
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include <vector>

#include "policy/config/base_layout.h"
#include "policy/config/model_values.h"
#include "policy/config/token_model.h"

namespace headrace::policy::config {

struct IpListModel : Record {
  Text name;
  std::vector<Text> networks;
};
struct DevelopmentModel : Record {
  Switch ignore_ip_lists = Switch::off;
};
struct AuditModel : Record {
  Text path;
  AuditSettings row{};
};

}  // namespace headrace::policy::config

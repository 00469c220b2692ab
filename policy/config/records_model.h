// Journal and billing between text and base (config_model.h).
//
// Threads: owned by one compile() or effective_yaml() call.
#pragma once

#include "policy/config/model_values.h"
#include "policy/config/records_layout.h"

namespace headrace::policy::config {

struct JournalModel : Record {
  Text directory;
  Text node;
  JournalSettings row{};  // numbers only
};
struct BillingModel : Record {
  BillingSettings row{};
};

}  // namespace headrace::policy::config

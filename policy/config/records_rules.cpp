#include "policy/config/config_rules.h"

namespace headrace::policy::config {

void apply_records_rules(ConfigModel& model, ErrorList& errors) {
  if (model.billing.row.strict == Switch::on && !model.journal.directory.given()) {
    errors.add(model.billing.place_of("strict"), "strict billing without a journal",
               "add `journal:` with `directory:`, or remove `strict`");
  }
}

}  // namespace headrace::policy::config

// From a base back to a model, for printing: what was sealed is only marked as such.
//
// Threads: pure. Not for the hot path.
#pragma once

#include "policy/config/config_model.h"
#include "policy/config/config_view.h"

namespace headrace::policy::config {

[[nodiscard]] ConfigModel unpack(const ConfigView& config);

}  // namespace headrace::policy::config

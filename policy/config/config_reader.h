// From a YAML tree to a model, option by option as the option table says: types, bounds and looks
// of single values. What concerns several options together is config_rules.h's.
//
// Threads: owned by one compile() call. Errors: every one that is found; reading goes on behind it.
#pragma once

#include "policy/config/config_model.h"
#include "policy/config/error_list.h"
#include "policy/config/yaml_tree.h"

namespace headrace::policy::config {

[[nodiscard]] ConfigModel read_config(const YamlNode& root, ErrorList& errors);

}  // namespace headrace::policy::config

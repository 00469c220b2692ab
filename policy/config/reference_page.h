// docs/configuration.md, made from the option table: every option with its type, unit, default,
// bounds and meaning. A test holds the committed page against it.
#pragma once

#include <string>

namespace headrace::policy::config {

[[nodiscard]] std::string reference_page();

}  // namespace headrace::policy::config

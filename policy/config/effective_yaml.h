// A config base as YAML again, every default filled in: what `-T` prints.
//
// Secrets are not in it: each stands as `<sealed>`, which compile() refuses until it is replaced by
// ${NAME} or the value. With the same secrets put back the text compiles to the same base.
#pragma once

#include <string>

#include "policy/config/config_view.h"

namespace headrace::policy::config {

inline constexpr std::string_view kSealedText = "<sealed>";

[[nodiscard]] std::string effective_yaml(const ConfigView& config);

}  // namespace headrace::policy::config

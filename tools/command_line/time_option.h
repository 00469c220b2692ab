// An option that is a time as people write it (quantity_text.h).
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "core/clock.h"

namespace headrace::tools {

// What is no time is a validation error under the option's name.
CLI::Option* add_time(CLI::App& app, const std::string& name, core::Duration& time,
                      const std::string& help);

}  // namespace headrace::tools

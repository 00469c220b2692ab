// Values of options as an operator writes them: for `-T` and the reference page.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/config/option_table.h"

namespace headrace::policy::config {

// A number with the largest suffix that divides it, a flag or a choice by its word.
[[nodiscard]] std::string number_text(const OptionSpec& option, std::uint64_t value);

// In double quotes, as YAML reads it back; never taken for ${...}.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace headrace::policy::config

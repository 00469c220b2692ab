// What a config holds, in a few lines for whoever has just had it checked.
//
// Threads: a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/config/config_view.h"

namespace headrace::policy::config {

// Lines with their ends, indented by two spaces: what there is, and how many; of most things
// nothing where there are none. No secrets.
[[nodiscard]] std::string config_summary(const ConfigView& config);

// All that a check of a good config says: that it is good, what it holds, and what is odd about it
// (config_remarks.h).
[[nodiscard]] std::string checked_config_text(std::string_view path, const ConfigView& config,
                                              std::uint64_t now_unix_s);

}  // namespace headrace::policy::config

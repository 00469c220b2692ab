// What is odd about a config that is right: it can be served from, but hardly as it was meant.
//
// Threads: a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/config/config_view.h"

namespace headrace::policy::config {

// A sentence each, without secrets; none for most configs. `now_unix_s`: what counts for keys that
// have expired.
[[nodiscard]] std::vector<std::string> config_remarks(const ConfigView& config,
                                                      std::uint64_t now_unix_s);

}  // namespace headrace::policy::config

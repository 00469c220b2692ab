// What became of the credit that requests took of limits, by what those measure, in Prometheus text
// form: over all processes that have used the shared region, those that have died included.
//
// Threads: any; pure but for what the shards write meanwhile.
#pragma once

#include <string>

#include "core/limits/limit_memory.h"

namespace headrace::net {

void write_limit_metrics(std::string& out, const core::LimitMemory& limits);

}  // namespace headrace::net

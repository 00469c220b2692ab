// The cache's rules of a config, and what follows from a route for it.
//
// Threads: owned by one compile() call.
#pragma once

#include "policy/config/config_model.h"
#include "policy/config/error_list.h"

namespace headrace::policy::config {

// One answer may take a quarter of the cache at most, and so one shard's part of it.
inline constexpr std::uint64_t kCacheEntriesMin = 4;

void apply_cache_rules(const ConfigModel& model, ErrorList& errors);

// What decides who answers on this route, as 128 bits of a SHA-256: its targets in their order, the
// models that they are asked for, and how their providers are reached.
[[nodiscard]] std::array<std::byte, 16> route_cache_identity(const ConfigModel& model,
                                                             const RouteModel& route);

}  // namespace headrace::policy::config

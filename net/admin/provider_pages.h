// What the admin pages tell of providers: breakers, health, and the room that keys have left. The
// words behind it are all shards', so any shard can tell.
#pragma once

#include <string>

#include "core/clock.h"
#include "net/upstream/target_states.h"

namespace headrace::net {

// Lines for Prometheus.
void write_provider_metrics(std::string& out, const TargetStates& targets, core::Instant now);
// A line each, for people: /providers.
[[nodiscard]] std::string provider_page(const TargetStates& targets, core::Instant now);

}  // namespace headrace::net

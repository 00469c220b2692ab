// The rows of a config base that say what a route may send in all, and who waits when that, or what
// its providers may be sent, is used up.
//
// Invariants: one row for each route, in their order.
#pragma once

#include <cstdint>

#include "policy/config/row_values.h"

namespace headrace::policy::config {

// More requests of one route do not wait on a shard.
inline constexpr std::uint32_t kRouteWaitingMax = 4096;

struct RouteQueue {
  std::uint32_t waiting_max;  // requests on each shard; 0: none, they are refused at once
  std::uint32_t wait_max_ms;  // of one request, all its tries together
  RowRef limits;              // in limit_sets: of all that the route is asked
};
static_assert(sizeof(RouteQueue) == 12);

}  // namespace headrace::policy::config

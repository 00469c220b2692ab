// The figures of a small shared region.
#pragma once

#include "core/clock.h"
#include "core/region_layout.h"

namespace headrace::core {

inline constexpr WallTime kNow{.unix_nanos = 1'800'000'000'000'000'000};

inline RegionGeometry small_geometry() {
  RegionGeometry geometry;
  geometry.shards = 2;
  geometry.limit_slots = 8;
  geometry.limit_step_blocks = 8;
  geometry.breaker_slots = 8;
  geometry.key_slots = 8;
  geometry.in_flight_entries = 4;
  geometry.config_bank_bytes = 10'000;
  geometry.delta_log_bytes = 1000;
  geometry.refusal_bytes = 1000;
  geometry.record_ring_bytes = 4096;
  return geometry;
}

}  // namespace headrace::core

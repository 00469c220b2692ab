// A shared region of which the journal's tests need the records and little else.
#pragma once

#include <cstdint>

#include "core/region_layout.h"
#include "policy/record/refusal_bank.h"

namespace headrace::net {

inline core::RegionGeometry journal_geometry(std::uint32_t shards) {
  core::RegionGeometry geometry;
  geometry.shards = shards;
  geometry.limit_slots = 1;
  geometry.limit_step_blocks = 1;
  geometry.breaker_slots = 1;
  geometry.in_flight_entries = 8;
  geometry.config_bank_bytes = 1;
  geometry.delta_log_bytes = 1;
  geometry.refusal_bytes = policy::kRefusalAreaBytes;
  geometry.record_ring_bytes = 32 * 1024;
  return geometry;
}

}  // namespace headrace::net

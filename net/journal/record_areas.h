// Where a shard's accounting lies in the shared region.
#pragma once

#include "core/shared_region.h"
#include "policy/record/shard_records.h"

namespace headrace::net {

[[nodiscard]] inline policy::ShardRecordAreas record_areas(const core::SharedRegion& region,
                                                           std::uint32_t incarnation,
                                                           std::uint32_t shard) {
  using core::ShardArea;
  return {.ring = region.shard_area(ShardArea::records, incarnation, shard),
          .in_flight = region.shard_area(ShardArea::in_flight, incarnation, shard),
          .refusals = region.shard_area(ShardArea::refusals, incarnation, shard)};
}

}  // namespace headrace::net

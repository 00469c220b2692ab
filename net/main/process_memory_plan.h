// What the process reserves at its start, as a table for its operator (core/memory_plan.h).
#pragma once

#include <cstddef>

#include "core/memory_plan.h"
#include "net/data_plane_shard.h"

namespace headrace::net {

// Beside what every shard has by its options.
struct SharedMemoryBytes {
  std::size_t region = 0;
  std::size_t cache = 0;
  std::size_t bodies = 0;
};

[[nodiscard]] core::MemoryPlan process_memory_plan(const DataPlaneShard::Options& options,
                                                   const core::IoOptions& io_options,
                                                   std::size_t shards,
                                                   const SharedMemoryBytes& shared);

}  // namespace headrace::net

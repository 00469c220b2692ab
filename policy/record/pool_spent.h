// What was spent of one calendar pool, or what is left of a credit: a row of the journal's
// checkpoints, from which a node rebuilds its pools when its memory is gone.
#pragma once

#include <cstdint>
#include <type_traits>

namespace headrace::policy {

struct PoolSpent {
  std::uint64_t identity = 0;  // of the limit, the same in every process and config
  std::uint64_t window = 0;    // which of its windows, by number; only ever grows
  std::int64_t spent = 0;      // in the limit's own measure
  friend bool operator==(const PoolSpent&, const PoolSpent&) = default;
};
static_assert(sizeof(PoolSpent) == 24);
static_assert(std::has_unique_object_representations_v<PoolSpent>);

}  // namespace headrace::policy

// How many shards one data plane may have. Everything that exists once per shard, or per pair of
// shards, is bounded by it.
#pragma once

#include <cstdint>

namespace headrace::core {

inline constexpr std::uint32_t kShardsMax = 256;

}  // namespace headrace::core

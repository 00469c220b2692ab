// The cache of a process: the answers, and the secret by which requests are told apart.
//
// Threads: made before the first shard, outlives the last. The store is shared (core/cache).
#pragma once

#include <cstdint>

#include "core/cache/cache_store.h"
#include "policy/cache/request_fingerprint.h"

namespace headrace::net {

struct ProcessCache {
  ProcessCache(std::uint64_t bytes_max, std::uint32_t shards);

  core::CacheStore store;
  policy::FingerprintSecret secret;
};

}  // namespace headrace::net

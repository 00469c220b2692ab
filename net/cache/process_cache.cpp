#include "net/cache/process_cache.h"

#include <openssl/rand.h>

#include "core/check.h"

namespace headrace::net {

ProcessCache::ProcessCache(std::uint64_t bytes_max, std::uint32_t shards)
    : store(bytes_max, shards) {
  const int made =
      RAND_bytes(reinterpret_cast<std::uint8_t*>(&secret.seed), sizeof secret.seed) &
      RAND_bytes(reinterpret_cast<std::uint8_t*>(secret.key.data()), secret.key.size());
  HEADRACE_CHECK(made == 1);
}

}  // namespace headrace::net

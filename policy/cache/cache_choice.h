// May a request be answered from the cache, and may its answer be kept? By its route, by what it
// says (cache_wish.h) and by what it asks for.
//
// Never: a request that makes the provider keep something or names something that it keeps, for its
// answer depends on more than the request; one that passes through unread; one so large that its
// bytes could not be read again within a turn.
//
// Threads: pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "policy/body/body_facts.h"
#include "policy/cache/cache_wish.h"
#include "policy/config/cache_layout.h"
#include "policy/dialect/endpoint.h"

namespace headrace::policy {

// Hashed in one go: about a third of a millisecond.
inline constexpr std::size_t kCachedRequestBytesMax = std::size_t{1024} * 1024;

enum class CacheUse : std::uint8_t {
  none,     // its route has no cache
  bypass,   // nothing is looked up, nothing kept
  look_up,  // an answer that is there is taken, one that comes is kept
  refresh,  // one that comes is kept
};

[[nodiscard]] CacheUse choose_cache_use(const config::RouteCache& route, const CacheWish& wish,
                                        Endpoint endpoint, const BodyFacts& facts,
                                        std::size_t body_bytes);

// Whether the same request has the same answer: temperature 0 or a seed was given, or the model
// does not choose its words at all (embeddings, moderations, counting).
[[nodiscard]] bool is_deterministic(Endpoint endpoint, const BodyFacts& facts);

}  // namespace headrace::policy

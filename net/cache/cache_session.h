// One request's dealings with the cache: what it is known by there, the answer that it is given or
// that is being kept from what it fetches, and its seat where others ask the same.
//
// Threads: one shard.  Lifetime: from the cache stage to the exchange's end, for requests that use
// the cache; all others have none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/cache/cache_builder.h"
#include "core/cache/cache_hold.h"
#include "core/cache/cache_key.h"
#include "net/cache/flight_seat.h"
#include "policy/cache/cached_answer.h"
#include "policy/config/cache_layout.h"

namespace headrace::net {

struct CacheSession {
  enum class State : std::uint8_t {
    opened,    // nothing was looked up yet
    waiting,   // for what another request fetches
    fetching,  // fetches the answer: for itself, and for others where it has a seat
    answered,  // `answer` is what it is given
    over,      // nothing is kept of what it fetches
  };

  core::CacheKey key;  // its scope stands below
  std::array<char, core::kCacheScopeBytesMax> scope;
  const policy::config::RouteCache* route = nullptr;
  core::Instant wait_until{};
  FlightSeat* seat = nullptr;
  core::CacheBuilder builder;
  policy::CachedAnswer note;
  core::CacheHold answer;
  std::size_t answer_sent = 0;     // of its body
  std::size_t answer_sending = 0;  // on its way
  State state = State::opened;
};

}  // namespace headrace::net

// A request's seat in a flight (core/cache/flight_desk.h), on the side of its own shard. It
// outlives the request: the home may still have something to say to it.
//
//   asking -> leading -> left       left: whatever was said meanwhile no longer matters, the last
//        \______________/                 word (done) is waited for
//
// Threads: the asker's shard; the ticket in it is the home's in between (flight_ticket.h).
#pragma once

#include <cstdint>

#include "core/cache/flight_ticket.h"
#include "net/cache/cache_user.h"

namespace headrace::net {

struct FlightSeat : core::FlightTicket {
  enum class Phase : std::uint8_t { asking, leading, left };

  FlightSeat(const core::CacheKey& wanted, std::uint32_t asker, CacheUser& asks)
      : FlightTicket(wanted, asker), user(&asks) {}

  CacheUser* user;  // null once it has left
  Phase phase = Phase::asking;
};

}  // namespace headrace::net

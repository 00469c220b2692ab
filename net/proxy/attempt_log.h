// The attempts at providers that a request has made, those under way included.
//
// Threads: one shard.  Lifetime: an exchange's.
#pragma once

#include <array>
#include <cstdint>

#include "policy/resilience/attempt.h"

namespace headrace::net {

struct AttemptLog {
  std::array<policy::Attempt, policy::kAttemptsMax> made{};
  std::uint8_t count = 0;          // entries of made
  std::uint8_t targets = 0;        // that were tried, of the route, a bit each
  std::uint8_t requests_sent = 0;  // safe replays counted
  bool hedged = false;             // one of them was, beside another
};

}  // namespace headrace::net

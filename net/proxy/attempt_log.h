// The attempts at providers that a request has made: those that are over, and the one under way.
//
// Threads: one shard.  Lifetime: an exchange's.
#pragma once

#include <array>
#include <cstdint>

#include "core/clock.h"
#include "net/upstream/target_states.h"
#include "policy/resilience/attempt.h"

namespace headrace::net {

struct AttemptLog {
  std::array<policy::Attempt, policy::kAttemptsMax> made{};
  std::uint8_t count = 0;          // entries of made
  std::uint8_t targets = 0;        // that were tried, of the route, a bit each
  std::uint8_t requests_sent = 0;  // safe replays counted

  // --- of the one that was begun last ---
  AttemptHold hold;
  core::Instant begun_at{};
  core::Instant sent_at{};
  std::uint32_t patience_ms = 0;  // that the provider asked for
  bool never_again : 1 = false;   // the provider forbids another try
  bool open : 1 = false;          // the record's entry of it has not ended
  bool replayed : 1 = false;      // sent once more, as the kept connection was dead
};

}  // namespace headrace::net

// Why credit was not given, and when to come again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace headrace::core {

enum class RefusalCause : std::uint8_t {
  spent,         // not enough is left; it comes back after `retry_after`
  beyond_limit,  // more than the limit ever gives at once: coming again is of no use
  closed,        // the limit's words are out of bounds: closed until an operator resets it
  no_room,       // all places for limits in use are taken
};

struct LimitRefusal {
  std::size_t decided = 0;  // index of the demand that was refused
  RefusalCause cause = RefusalCause::spent;
  // Enough credit is there then, if nobody else takes it. Nothing where that depends on others who
  // give back (concurrency), or will never be.
  std::optional<Duration> retry_after{};
};

}  // namespace headrace::core

// What may be told of a limit: for answers' headers and the operator.
#pragma once

#include <cstdint>

#include "core/clock.h"

namespace headrace::core {

struct LimitReading {
  std::int64_t limit = 0;
  // What a request on this shard could take now: never below 0. Credit that other shards hold in
  // their shares for a moment counts as taken.
  std::int64_t remaining = 0;
  std::int64_t debt = 0;  // what was used beyond the limit and is still to be paid
  Duration full_after{};  // all credit is back then, if nothing more is taken
  bool closed = false;    // words out of bounds
};

}  // namespace headrace::core

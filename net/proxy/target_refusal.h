// By which limit a target has no room for a request. Owns what it says: the chain that it was found
// in is another one's by then.
#pragma once

#include <cstdint>
#include <optional>

#include "policy/quota/take.h"

namespace headrace::net {

struct TargetRefusal {
  policy::ChainedLimit limit;
  core::RefusalCause cause = core::RefusalCause::spent;
  std::optional<core::Duration> retry_after;  // of a concurrency limit nobody knows
  std::int64_t amount = 1;                    // that was asked for
};

}  // namespace headrace::net

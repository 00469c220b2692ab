// What a request holds of its caller's limits, and what the client is told of them. Pooled apart
// from the exchange: only callers with limits have one.
//
// Threads: one shard.  Lifetime: from admit until the request is settled.
#pragma once

#include <cstdint>
#include <optional>

#include "policy/quota/limit_status.h"
#include "policy/quota/take.h"

namespace headrace::net {

struct QuotaHold {
  policy::Taken admitted;  // requests and concurrency
  policy::Taken reserved;  // tokens and money
  policy::NearestLimits nearest;
  std::int64_t output_max = 0;  // of all answers together, under a hard limit; 0: there is none
  std::optional<std::int64_t> output_cap;                // that was written into the request
  const policy::config::LimitRule* capped_by = nullptr;  // pays for no more; of the own config
  std::int64_t input_max = 0;                            // reserved under a hard limit
  std::uint64_t limits_of_config = 0;                    // by which they were looked at last
  const policy::config::LimitRule* warned_of = nullptr;  // a budget that is nearly used up
  std::uint8_t warned_percent = 0;
};

}  // namespace headrace::net

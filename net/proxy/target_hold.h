// What an attempt holds of the limits of its target: of the route, the provider and its key. Pooled
// apart from the exchange: only requests of targets with limits have one.
//
// Threads: one shard.  Lifetime: from reserve until the attempt, or the request, is settled.
#pragma once

#include <cstdint>
#include <optional>

#include "policy/quota/take.h"

namespace headrace::net {

struct TargetHold {
  policy::Taken taken;
  std::int64_t output_max = 0;             // as in QuotaHold
  std::optional<std::int64_t> output_cap;  // that this target asks for
};

}  // namespace headrace::net

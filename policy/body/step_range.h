// Where a step of the walk through a body stands in it.
//
// Threads: pure.
#pragma once

#include "policy/body/byte_range.h"
#include "policy/json/json_step.h"

namespace headrace::policy {

// Bodies have less than 4 GiB.
inline ByteRange range_of(const JsonStep& step) {
  return {static_cast<std::uint32_t>(step.begin),
          static_cast<std::uint32_t>(step.end - step.begin)};
}

}  // namespace headrace::policy

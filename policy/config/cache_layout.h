// The rows of a config base that say what may be kept in the cache.
//
// Invariants: one row for each route of the config, in their order (routes to sandboxes, which
// stand
//             behind them, have none); one row of settings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "policy/config/row_values.h"

namespace headrace::policy::config {

enum class CacheMode : std::uint8_t {
  off,
  asked,   // for requests that ask
  always,  // for all that do not refuse
};

struct RouteCache {
  std::uint64_t ttl_ms;
  std::uint64_t entry_bytes_max;
  std::uint64_t wait_ms;  // for another request's answer to the same; 0: never
  std::uint64_t waiters_max;
  CacheMode mode;
  Switch deterministic_only;
  std::uint8_t reserved[6];
  // Follows from all that decides who answers: what was kept under an older config is found again
  // only where that is still the same.
  std::array<std::byte, 16> identity;
};

struct CacheSettings {
  std::uint64_t memory_bytes_max;
};

}  // namespace headrace::policy::config

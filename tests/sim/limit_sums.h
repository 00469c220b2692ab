// What became of all credit that was reserved (core/limits/limit_flows.h), over all processes that
// have used a memory for limits; and the equation that must hold when nothing is under way any
// more.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/limits/limit_memory.h"

namespace headrace::sim {

struct LimitSums {
  std::uint64_t reserved = 0;
  std::uint64_t settled = 0;
  std::uint64_t refunded = 0;
  std::uint64_t lapsed = 0;

  [[nodiscard]] std::uint64_t ended() const { return settled + refunded + lapsed; }
};

// `measure`: as in LimitTerms; of concurrency limits whatever it is.
[[nodiscard]] LimitSums limit_sums(const core::LimitMemory& memory, core::WindowKind kind,
                                   std::uint8_t measure);
// By measure: what of its reservations has not ended, or has ended twice.
[[nodiscard]] std::vector<std::string> sums_amiss(const core::LimitMemory& memory);

}  // namespace headrace::sim

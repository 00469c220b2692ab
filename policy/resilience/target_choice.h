// Which of a route's targets, or of a provider's keys, a request goes to.
//
//   1. those that may be tried now (breaker, health, headroom)
//   2. of these, those that this request has not tried yet
//   3. of these, those that are no last resort
//   4. of these, the ones of the lowest priority number
//   5. of these, those with ample room before those that are nearly spent
//   6. of these, one by the route's balance; equals by weight and chance
//
// Pure. At most kCandidatesMax candidates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "policy/resilience/headroom.h"

namespace headrace::policy {

inline constexpr std::size_t kCandidatesMax = 16;

enum class Balance : std::uint8_t {
  weight,             // by chance, in proportion to weight
  least_outstanding,  // requests under way, divided by weight
  least_latency,      // time to the first byte
};

struct Candidate {
  std::uint32_t weight = 1;  // above 0
  std::uint32_t priority = 0;
  std::uint32_t outstanding = 0;
  std::uint64_t latency_us = 0;  // 0: not known, and worth finding out
  bool eligible = true;          // false: not for this request, ever
  bool tried = false;
  Room room = Room::ample;
  std::uint32_t wait_ms = 0;  // room none: until when
};

struct Choice {
  std::optional<std::size_t> index;
  std::uint32_t wait_ms = 0;  // none may be tried: until the first of them may; 0: not known
};

[[nodiscard]] Choice choose(std::span<const Candidate> candidates, Balance balance,
                            std::uint64_t random);

}  // namespace headrace::policy

// What a request waits with for its turn at a spent limit (queue_desk.h).
//
// Threads: the asker's until ask(), then the desk's until it says `done`; the asker writes
//          `ready_at` while it has its turn. What carries words between them orders the accesses.
#pragma once

#include <cstdint>

#include "core/clock.h"
#include "core/limits/limit_terms.h"
#include "policy/queue/fair_flow.h"

namespace headrace::policy {

struct DeskQueue;

struct QueueTicket : FairEntry {
  core::LimitTerms terms;  // of the limit
  std::uint64_t tenant = 0;
  std::uint32_t weight = 1;
  std::uint32_t shard = 0;          // of the asker
  core::Instant ready_at{};         // as the limit says; kNever: when somebody gives back
  core::Instant deadline{};         // its turn is of no use after that
  DeskQueue* desk_queue = nullptr;  // null: it waits at none
};

// Queues are found by a few bits of their limit's identity where that is all that is needed: who
// might wait, and whose desk it is.
inline constexpr std::uint32_t kQueueSlots = 1024;
constexpr std::uint32_t queue_slot(std::uint64_t limit) {
  return static_cast<std::uint32_t>(limit >> 32U) % kQueueSlots;
}

}  // namespace headrace::policy

// What the shards of a process know in common of those who wait for spent limits: who might be
// waiting, so that nobody overtakes him and whoever gives back tells his desk.
//
//   waits:       waiting + 1,  then asks the limit once more (from the desk, as the first one)
//   gives back:  gives back,   then looks at `waiting`
//
//   Whichever comes first, one of the two sees the other: no credit comes back unnoticed.
//
// Threads:  any; single words. Made before the first shard, outlives the last.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "policy/queue/queue_ticket.h"

namespace headrace::net {

struct ProcessQueues {
  explicit ProcessQueues(std::uint32_t shard_count) : shards(shard_count) {}

  // Several limits may share one: then somebody asks a desk in vain now and then.
  struct Slot {
    std::atomic<std::uint32_t> waiting{0};
    std::atomic<bool> told{false};  // a word that credit came back is on its way to the desk
  };

  [[nodiscard]] std::uint32_t home_of(std::uint32_t slot) const { return slot % shards; }

  std::uint32_t shards;
  std::array<Slot, policy::kQueueSlots> slots;
};

}  // namespace headrace::net

// Where the words of limits lie: spans over the shared region, or over any zeroed memory of a test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/limits/limit_words.h"
#include "core/shared_region.h"

namespace headrace::core {

struct LimitMemory {
  LimitHeader* header = nullptr;
  std::span<LimitEntry> entries;
  std::span<StepBlock> blocks;
  std::span<ShareSlot> share_slots;  // of all incarnations and shards
  std::uint32_t incarnations = 0;
  std::uint32_t shards = 0;

  static LimitMemory of(const SharedRegion& region);

  [[nodiscard]] std::span<ShareSlot> shares(std::uint32_t incarnation, std::uint32_t shard) const {
    return share_slots.subspan((std::size_t{incarnation} * shards + shard) * kSharesPerShard,
                               kSharesPerShard);
  }
};

}  // namespace headrace::core

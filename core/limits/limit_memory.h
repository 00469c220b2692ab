// Where the words of limits lie: spans over the shared region, or over any zeroed memory of a test.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/limits/limit_flows.h"
#include "core/limits/limit_words.h"
#include "core/shared_region.h"

namespace headrace::core {

struct LimitMemory {
  LimitHeader* header = nullptr;
  std::span<SharedWord> marks;
  std::span<LimitEntry> entries;
  std::span<StepBlock> blocks;
  // Of each incarnation: those of its shards, one behind the other.
  std::array<ShareSlot*, kIncarnationsMax> shares{};
  std::array<LimitFlows*, kIncarnationsMax> flows{};
  // Who uses it now; empty: nobody says (tests only).
  std::span<const IncarnationSlot> users;
  std::uint32_t incarnations = kIncarnationsMin;
  std::uint32_t shards = 1;

  static LimitMemory of(const SharedRegion& region);

  [[nodiscard]] std::span<ShareSlot> shares_of(std::uint32_t incarnation,
                                               std::uint32_t shard) const {
    return {shares[incarnation] + std::size_t{shard} * kSharesPerShard, kSharesPerShard};
  }
  [[nodiscard]] LimitFlows& flows_of(std::uint32_t incarnation, std::uint32_t shard) const {
    return flows[incarnation][shard];
  }
};

static_assert(kSharesPerShard * sizeof(ShareSlot) % 4096 == 0, "they lie without gaps");

}  // namespace headrace::core

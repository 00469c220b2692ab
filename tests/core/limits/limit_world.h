// Limits without a region: zeroed memory for them, and shards over it, in time that the test tells.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/limits/limit_memory.h"
#include "core/limits/shard_limits.h"
#include "core/reserved_memory.h"

namespace headrace::core {

class LimitWorld {
 public:
  struct Size {
    std::uint32_t entries = 64;
    std::uint32_t blocks = 64;
    std::uint32_t shards = 1;
    std::uint32_t incarnations = kIncarnationsMin;
    bool huge_pages = false;
  };

  explicit LimitWorld(Size size)
      : header_("header", sizeof(LimitHeader)),
        marks_("marks", limit_mark_count(size.entries) * sizeof(SharedWord)),
        entries_("entries", size.entries * sizeof(LimitEntry)),
        blocks_("blocks", size.blocks * sizeof(StepBlock)),
        shares_("shares",
                std::size_t{size.incarnations} * size.shards * kSharesPerShard * sizeof(ShareSlot)),
        flows_("flows", std::size_t{size.incarnations} * size.shards * sizeof(LimitFlows)) {
    if (size.huge_pages) {
      prefer_huge_pages(entries_.data(), entries_.size());
      prefer_huge_pages(blocks_.data(), blocks_.size());
    }
    memory_.header = reinterpret_cast<LimitHeader*>(header_.data());
    memory_.marks = {reinterpret_cast<SharedWord*>(marks_.data()), limit_mark_count(size.entries)};
    memory_.entries = {reinterpret_cast<LimitEntry*>(entries_.data()), size.entries};
    memory_.blocks = {reinterpret_cast<StepBlock*>(blocks_.data()), size.blocks};
    memory_.incarnations = size.incarnations;
    memory_.shards = size.shards;
    auto* slots = reinterpret_cast<ShareSlot*>(shares_.data());
    auto* flows = reinterpret_cast<LimitFlows*>(flows_.data());
    for (std::uint32_t i = 0; i < size.incarnations; ++i) {
      memory_.shares[i] = slots + std::size_t{i} * size.shards * kSharesPerShard;
      memory_.flows[i] = flows + std::size_t{i} * size.shards;
    }
  }

  [[nodiscard]] const LimitMemory& memory() const { return memory_; }
  [[nodiscard]] std::unique_ptr<ShardLimits> shard(std::uint32_t number,
                                                   std::uint32_t incarnation = 0) const {
    return std::make_unique<ShardLimits>(memory_, incarnation, number);
  }

 private:
  ReservedMemory header_;
  ReservedMemory marks_;
  ReservedMemory entries_;
  ReservedMemory blocks_;
  ReservedMemory shares_;
  ReservedMemory flows_;
  LimitMemory memory_;
};

// So long after the machine was started, on a day in 2027.
constexpr LimitTime limit_time(Duration since) {
  return {.monotonic = Instant{since + std::chrono::hours{1000}},
          .wall = {.unix_nanos = 1'800'000'000'000'000'000 + since.count()}};
}

// Whether so much of one limit is to be had; what is taken is used.
inline bool spend(ShardLimits& shard, const LimitTerms& terms, std::int64_t amount, LimitTime now) {
  const LimitDemand demand{.terms = terms, .amount = amount};
  Permit permit;
  if (shard.take({&demand, 1}, now, permit)) return false;
  permit.settle_as_reserved();
  return true;
}

// How much of it is to be had in such amounts.
inline std::int64_t spend_all(ShardLimits& shard, const LimitTerms& terms, std::int64_t amount,
                              LimitTime now) {
  std::int64_t sum = 0;
  while (spend(shard, terms, amount, now))
    sum += amount;
  return sum;
}

}  // namespace headrace::core

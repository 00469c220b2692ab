// Step blocks that no sliding window uses: a stack without locks in the shared region.
//
// Its head holds a turn beside the index, so that a block that was taken and returned in between is
// not mistaken. A process that dies between taking a block and writing it into an entry, or between
// freeing the entry and returning it, has lost it, until collect_lost() finds it.
//
// Threads: any, of any process; collect_lost() only while no other process uses the region.
#pragma once

#include <cstdint>

#include "core/limits/limit_memory.h"

namespace headrace::core {

class StepBlockPool {
 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  explicit StepBlockPool(const LimitMemory& memory)
      : header_(memory.header), blocks_(memory.blocks) {}

  // kNone when all are in use. The block's words are what they were.
  std::uint32_t take();
  void give_back(std::uint32_t index);
  // `entries` say which blocks are in use. Returns how many were lost.
  std::uint64_t collect_lost(std::span<const LimitEntry> entries);

  // LimitEntry::steps: the generation of the entry's place, and the block.
  static constexpr std::uint64_t pack(std::uint64_t generation, std::uint32_t index) {
    return generation << 32U | (index == kNone ? 0 : index + 1U);
  }
  static constexpr std::uint64_t generation(std::uint64_t word) { return word >> 32U; }
  static constexpr std::uint32_t index(std::uint64_t word) {
    return static_cast<std::uint32_t>(word) - 1U;
  }

 private:
  LimitHeader* header_;
  std::span<StepBlock> blocks_;
};

}  // namespace headrace::core

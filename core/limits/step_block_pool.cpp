#include "core/limits/step_block_pool.h"

#include <algorithm>
#include <vector>

#include "core/limits/limit_name.h"
#include "core/limits/pool_verdict.h"

namespace headrace::core {

std::uint32_t StepBlockPool::take() {
  std::uint64_t head = header_->free_blocks.load();
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const std::uint32_t first = index(head);
    if (first >= blocks_.size()) break;  // empty, or out of bounds
    const std::uint64_t next = blocks_[first].next_free.load() & 0xffff'ffffU;
    const std::uint64_t turn = (head >> 32U) + 1;
    if (header_->free_blocks.replace(head, turn << 32U | next)) return first;
  }
  std::uint64_t fresh = header_->fresh_blocks.load();
  while (fresh < blocks_.size()) {
    if (header_->fresh_blocks.replace(fresh, fresh + 1)) return static_cast<std::uint32_t>(fresh);
  }
  return kNone;
}

void StepBlockPool::give_back(std::uint32_t index) {
  std::uint64_t head = header_->free_blocks.load();
  for (int tries = 0; tries < kTriesMax; ++tries) {
    blocks_[index].next_free.store(head & 0xffff'ffffU);
    const std::uint64_t turn = (head >> 32U) + 1;
    if (header_->free_blocks.replace(head, turn << 32U | (index + 1U))) return;
  }
}

std::uint64_t StepBlockPool::collect_lost(std::span<const LimitEntry> entries) {
  std::vector<bool> known(blocks_.size());
  for (const LimitEntry& entry : entries) {
    if (LimitName(entry.name.load()).state() != PlaceState::in_use) continue;
    const std::uint32_t used = index(entry.steps.load());
    if (used >= blocks_.size()) continue;
    known[used] = true;
    header_->fresh_blocks.raise_to(used + std::uint64_t{1});
  }
  const std::uint64_t fresh = std::min<std::uint64_t>(header_->fresh_blocks.load(), known.size());
  const std::vector<bool> in_use = known;
  const std::uint64_t head = header_->free_blocks.load();
  std::uint32_t free = index(head);
  while (free < fresh && !known[free]) {
    known[free] = true;
    free = index(blocks_[free].next_free.load());
  }
  // What the list holds twice, or beside an entry, is no list: it is made anew from the others.
  if (free < blocks_.size()) {
    header_->free_blocks.store(((head >> 32U) + 1) << 32U);
    known = in_use;
  }
  std::uint64_t lost = 0;
  for (std::uint32_t block = 0; block < fresh; ++block) {
    if (known[block]) continue;
    give_back(block);
    ++lost;
  }
  return lost;
}

}  // namespace headrace::core

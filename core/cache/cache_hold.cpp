#include "core/cache/cache_hold.h"

#include <algorithm>

#include "core/check.h"

namespace headrace::core {

CacheHold CacheHold::again() const {
  HEADRACE_CHECK(memory_ != nullptr && memory_->try_hold(entry_), "who holds may hold once more");
  return adopt(*memory_, entry_);
}

std::span<const std::byte> CacheHold::note() const {
  return {memory_->block(entry().first_block) + entry().scope_bytes, entry().note_bytes};
}

std::string_view CacheHold::scope() const {
  return {reinterpret_cast<const char*>(memory_->block(entry().first_block)), entry().scope_bytes};
}

std::size_t CacheHold::slices(std::size_t offset, std::span<std::span<const std::byte>> out) const {
  const CacheEntry& entry = this->entry();
  std::size_t left = entry.body_bytes - std::min<std::size_t>(offset, entry.body_bytes);
  std::size_t skip = offset + entry.scope_bytes + entry.note_bytes;
  std::size_t count = 0;
  for (std::uint32_t block = entry.first_block; left > 0 && block != CacheMemory::kNone;
       block = memory_->next_block(block)) {
    if (skip >= kCacheBlockBytes) {
      skip -= kCacheBlockBytes;
      continue;
    }
    const std::byte* first = memory_->block(block) + skip;
    const std::size_t bytes = std::min(left, kCacheBlockBytes - skip);
    skip = 0;
    left -= bytes;
    if (count > 0 && out[count - 1].data() + out[count - 1].size() == first) {
      out[count - 1] = {out[count - 1].data(), out[count - 1].size() + bytes};
    } else if (count < out.size()) {
      out[count++] = {first, bytes};
    } else {
      break;
    }
  }
  return count;
}

}  // namespace headrace::core

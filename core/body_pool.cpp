#include "core/body_pool.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "core/memory_poison.h"
#include "core/planted_bug.h"

namespace headrace::core {

namespace {

// A lease's index says which class (upper bits) and which slot of it.
constexpr unsigned kSlotIndexBits = 24;
constexpr std::uint32_t kSlotsMax = 1U << kSlotIndexBits;

// One madvise each, about a microsecond and a half.
constexpr std::size_t kReleasesPerTakeMax = 128;

std::size_t stride_of(std::size_t class_bytes) {
  return round_up(kBufferHeadroom + class_bytes + kBufferPadding, kPageBytes);
}

}  // namespace

bool BodyBudget::take(std::size_t bytes) {
  if (taken_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
  give_back(bytes);
  return false;
}

void BodyBudget::give_back(std::size_t bytes) {
  const std::size_t before = taken_.fetch_sub(bytes, std::memory_order_relaxed);
  HEADRACE_CHECK(before >= bytes, "more was given back to the bodies' budget than taken");
}

BodyPool::BodyPool(BodyBudget& budget, std::size_t body_bytes_max)
    : budget_(budget), body_bytes_max_(body_bytes_max) {
  HEADRACE_CHECK(body_bytes_max > 0);
  HEADRACE_CHECK(budget.bytes_max() >= stride_of(body_bytes_max),
                 "no body of the largest size fits");
  for (std::size_t bytes = kSmallestBytes;; bytes *= 2) {
    SizeClass& added = classes_.emplace_back();
    added.bytes = std::min(bytes, body_bytes_max);
    added.stride_bytes = stride_of(added.bytes);
    added.slots = static_cast<std::uint32_t>(
        std::min<std::size_t>(budget.bytes_max() / added.stride_bytes, kSlotsMax));
    added.kept.reserve(added.slots);
    added.bare.reserve(added.slots);
    added.leased.resize(added.slots);
    added.memory = ReservedMemory("bodies", added.slots * added.stride_bytes);
    if (bytes >= body_bytes_max) break;
  }
  HEADRACE_CHECK(classes_.size() <= 1U << (32 - kSlotIndexBits));
}

BodyPool::~BodyPool() {
  HEADRACE_CHECK(in_use_ == 0, "a pool died before its bodies were given back");
  for (SizeClass& size_class : classes_) {
    release_coldest(size_class, size_class.kept.size());
  }
}

BufferLease BodyPool::take(std::size_t bytes) {
  if (bytes > body_bytes_max_) return {};
  unsigned index = 0;
  while (classes_[index].bytes < bytes)
    ++index;
  SizeClass& size_class = classes_[index];

  if (!size_class.kept.empty()) {
    const std::uint32_t slot = size_class.kept.back();
    size_class.kept.pop_back();
    size_class.kept_low = std::min(size_class.kept_low, size_class.kept.size());
    bytes_kept_ -= size_class.stride_bytes;
    return lease(index, slot);
  }
  if (size_class.bare.empty() && size_class.fresh == size_class.slots) return {};
  if (!take_from_budget(size_class.stride_bytes)) return {};
  std::uint32_t slot = size_class.fresh;
  if (size_class.bare.empty()) {
    ++size_class.fresh;
  } else {
    slot = size_class.bare.back();
    size_class.bare.pop_back();
  }
  return lease(index, slot);
}

BufferLease BodyPool::lease(unsigned class_index, std::uint32_t slot) {
  SizeClass& size_class = classes_[class_index];
  HEADRACE_CHECK(!size_class.leased[slot], "a body's buffer was leased twice");
  size_class.leased[slot] = true;
  ++in_use_;
  bytes_in_use_ += size_class.stride_bytes;
  std::byte* data = size_class.buffer(slot);
  unpoison_memory(data - kBufferHeadroom, size_class.stride_bytes);
  return {*this, class_index << kSlotIndexBits | slot, data, size_class.bytes};
}

BufferLease BodyPool::grow(BufferLease& from, std::size_t used, std::size_t bytes) {
  HEADRACE_CHECK(used <= from.size());
  BufferLease larger = take(bytes);
  if (!larger) return larger;
  HEADRACE_CHECK(used <= larger.size(), "a body was grown to less than it holds");
  std::memcpy(larger.data(), from.data(), used);
  from.reset();
  return larger;
}

void BodyPool::give_back(std::uint32_t index) noexcept {
  const unsigned class_index = index >> kSlotIndexBits;
  const std::uint32_t slot = index & (kSlotsMax - 1);
  HEADRACE_CHECK(class_index < classes_.size());
  SizeClass& size_class = classes_[class_index];
  HEADRACE_CHECK(slot < size_class.fresh);
  HEADRACE_CHECK(size_class.leased[slot], "a body's buffer was given back twice");
  if (planted(PlantedBug::body_leaked) && slot == 1) return;
  size_class.leased[slot] = false;
  size_class.kept.push_back(slot);
  --in_use_;
  bytes_in_use_ -= size_class.stride_bytes;
  bytes_kept_ += size_class.stride_bytes;
  poison_memory(size_class.buffer(slot) - kBufferHeadroom, size_class.stride_bytes);
}

void BodyPool::release_coldest(SizeClass& size_class, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t slot = size_class.kept[i];
    size_class.memory.give_back_pages(slot * size_class.stride_bytes, size_class.stride_bytes);
    size_class.bare.push_back(slot);
  }
  const auto first = size_class.kept.begin();
  size_class.kept.erase(first, first + static_cast<std::ptrdiff_t>(count));
  size_class.kept_low = std::min(size_class.kept_low, size_class.kept.size());
  bytes_kept_ -= count * size_class.stride_bytes;
  budget_.give_back(count * size_class.stride_bytes);
}

bool BodyPool::take_from_budget(std::size_t bytes) {
  if (budget_.take(bytes)) return true;
  // Make room out of what this pool keeps, the largest first, in bounded time; what others keep,
  // they release soon.
  std::size_t left = kReleasesPerTakeMax;
  for (auto size_class = classes_.rbegin(); size_class != classes_.rend(); ++size_class) {
    const std::size_t wanted = (bytes + size_class->stride_bytes - 1) / size_class->stride_bytes;
    const std::size_t count = std::min({wanted, size_class->kept.size(), left});
    if (count == 0) continue;
    left -= count;
    release_coldest(*size_class, count);
    if (budget_.take(bytes)) return true;
  }
  budget_.ask_for_release();
  return false;
}

void BodyPool::release_idle(std::size_t bytes_max) {
  const std::uint32_t asked = budget_.releases_asked();
  const bool all = asked != releases_seen_;
  std::size_t room = bytes_max;
  bool finished = true;
  for (SizeClass& size_class : classes_) {
    // As many as were never needed since the last call.
    const std::size_t idle = all ? size_class.kept.size() : size_class.kept_low;
    const std::size_t count = std::min(idle, room / size_class.stride_bytes);
    if (count < idle) finished = false;
    release_coldest(size_class, count);
    room -= count * size_class.stride_bytes;
    size_class.kept_low = size_class.kept.size();
  }
  if (finished) releases_seen_ = asked;
}

}  // namespace headrace::core

#include "core/limits/concurrency_pool.h"

namespace headrace::core {

std::int64_t ConcurrencyPool::sum(std::uint64_t word) const {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < incarnations_; ++i)
    sum += word >> (i * width_) & mask();
  return static_cast<std::int64_t>(sum);
}

PoolVerdict ConcurrencyPool::take(std::int64_t credit, std::int64_t amount) {
  std::uint64_t seen = entry_->taken.load();
  for (int tries = 0; tries < kTriesMax; ++tries) {
    if ((seen & kForgotten) != 0 || !entry_.lasts()) return {.answer = PoolAnswer::forgotten};
    const std::uint64_t held = seen >> shift_ & mask();
    const auto more = static_cast<std::uint64_t>(amount);
    if (amount > credit - sum(seen) || more > mask() - held) {
      return {.answer = PoolAnswer::refused};
    }
    if (entry_->taken.replace(seen, seen + (more << shift_))) {
      return {.answer = PoolAnswer::granted};
    }
  }
  return {.answer = PoolAnswer::corrupt};
}

bool ConcurrencyPool::give_back(std::int64_t amount) {
  std::uint64_t seen = entry_->taken.load();
  const auto less = static_cast<std::uint64_t>(amount);
  for (int tries = 0; tries < kTriesMax; ++tries) {
    if (!entry_.lasts()) return true;
    if ((seen >> shift_ & mask()) < less) return false;
    if (entry_->taken.replace(seen, seen - (less << shift_))) return true;
  }
  return false;
}

std::int64_t ConcurrencyPool::give_back_all() {
  std::uint64_t seen = entry_->taken.load();
  for (;;) {
    const std::uint64_t held = seen >> shift_ & mask();
    if (held == 0 || (seen & kForgotten) != 0 || !entry_.lasts()) return 0;
    if (entry_->taken.replace(seen, seen - (held << shift_))) {
      return static_cast<std::int64_t>(held);
    }
  }
}

std::int64_t ConcurrencyPool::held_by_others() const {
  const std::uint64_t seen = entry_->taken.load();
  if ((seen & kForgotten) != 0 || !entry_.lasts()) return 0;
  return sum(seen) - static_cast<std::int64_t>(seen >> shift_ & mask());
}

PoolStanding ConcurrencyPool::standing() const {
  const std::uint64_t seen = entry_->taken.load();
  if ((seen & kForgotten) != 0) return {.answer = PoolAnswer::forgotten};
  return {.spent = sum(seen)};
}

}  // namespace headrace::core

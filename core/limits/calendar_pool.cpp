#include "core/limits/calendar_pool.h"

#include <algorithm>

#include "core/limits/limit_span.h"

namespace headrace::core {

namespace {

// What stands above the value (share_claim.h) stays.
std::uint64_t with_more(std::uint64_t taken, std::int64_t amount) {
  return (taken & ~TaggedWord::kValueMask) |
         TaggedWord::value(taken + static_cast<std::uint64_t>(amount));
}

}  // namespace

// The word `floor` in the window that is open. Until when the entry must be kept is told before the
// window opens: who dies in between has only kept the old one longer.
std::uint64_t CalendarPool::turn() {
  std::uint64_t floor = entry_->floor.load();
  while (TaggedWord::tag(floor) < window_ && entry_.lasts()) {
    const std::uint64_t span = entry_->span.load();
    entry_->span.raise_to(LimitSpan::pack(ends_.unix_nanos, LimitSpan::generation(span)));
    const std::uint64_t all = entry_->taken.load();
    if (entry_->floor.replace(floor, TaggedWord::pack(window_, all))) {
      return TaggedWord::pack(window_, all);
    }
  }
  return floor;
}

PoolVerdict CalendarPool::take(std::int64_t credit, std::int64_t amount, WallTime now,
                               ShareClaim* claim) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const std::uint64_t floor = turn();
    std::uint64_t taken = entry_->taken.load();
    if ((taken & kForgotten) != 0 || !entry_.lasts()) return {.answer = PoolAnswer::forgotten};
    if (entry_->floor.load() != floor) continue;
    const std::int64_t spent = TaggedWord::difference(taken, floor);
    if (spent < 0 || spent > kSpentMax) return {.answer = PoolAnswer::corrupt};
    if (amount > credit - spent) {
      return {.answer = PoolAnswer::refused, .retry_after = until_end(floor, now)};
    }
    std::uint64_t next = with_more(taken, amount);
    if (claim != nullptr) next = claim->announce(taken, next, TaggedWord::tag(floor));
    if (entry_->taken.replace(taken, next)) {
      return {.answer = PoolAnswer::granted, .taken_at = TaggedWord::tag(floor)};
    }
  }
  return {.answer = PoolAnswer::corrupt};
}

PoolAnswer CalendarPool::charge(std::int64_t amount) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const std::uint64_t floor = turn();
    std::uint64_t taken = entry_->taken.load();
    if ((taken & kForgotten) != 0 || !entry_.lasts()) return PoolAnswer::forgotten;
    if (entry_->floor.load() != floor) continue;
    const std::int64_t spent = TaggedWord::difference(taken, floor);
    if (spent < 0 || spent > kSpentMax) return PoolAnswer::corrupt;
    const std::int64_t bearable = std::min(amount, kSpentMax - spent);
    if (entry_->taken.replace(taken, with_more(taken, bearable))) {
      return PoolAnswer::granted;
    }
  }
  return PoolAnswer::corrupt;
}

bool CalendarPool::give_back(std::uint64_t window, std::int64_t amount, ShareReturn* share) {
  std::uint64_t floor = entry_->floor.load();
  while (TaggedWord::tag(floor) == window && entry_.lasts()) {
    const std::uint64_t raised =
        TaggedWord::pack(window, TaggedWord::value(floor) + static_cast<std::uint64_t>(amount));
    if (share != nullptr) share->announce(raised);
    if (entry_->floor.replace(floor, raised)) return true;
  }
  return false;
}

PoolStanding CalendarPool::standing(WallTime now) {
  const std::uint64_t floor = turn();
  const std::uint64_t taken = entry_->taken.load();
  if ((taken & kForgotten) != 0) return {.answer = PoolAnswer::forgotten};
  const std::int64_t spent = TaggedWord::difference(taken, floor);
  if (spent < 0 || spent > kSpentMax) return {.answer = PoolAnswer::corrupt};
  return {.spent = spent, .full_after = spent == 0 ? Duration{} : until_end(floor, now)};
}

// Where the clock was put back, a later window than today's is open, and goes on to its own end.
Duration CalendarPool::until_end(std::uint64_t floor, WallTime now) const {
  const bool later = TaggedWord::tag(floor) > window_;
  const std::int64_t ends = later ? LimitSpan::nanos(entry_->span.load()) : ends_.unix_nanos;
  if (ends == INT64_MAX) return Duration::max();
  return Duration(std::max<std::int64_t>(ends - now.unix_nanos, 1));
}

}  // namespace headrace::core

#include "core/limits/bucket_pool.h"

#include <algorithm>

namespace headrace::core {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kTicksPerNano = 16;
// 2.2 years: further ahead lies no bucket whose words are sound.
constexpr std::uint64_t kAheadTicksMax = std::uint64_t{1} << 60U;

std::uint64_t ticks_at(Instant at) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(at.time_since_epoch().count(), 0)) *
         kTicksPerNano;
}

// Of LimitEntry::floor.
constexpr std::uint64_t kTicksPerUnit = 256 * kTicksPerNano;
constexpr unsigned kUnitBits = 40;
constexpr std::uint64_t kUnitsMax = (std::uint64_t{1} << kUnitBits) - 1;

enum class Rounding : std::uint8_t { down, up };

// How long it takes until `amount` has flown in.
std::uint64_t ticks_of(std::int64_t amount, std::int64_t refill, Duration length,
                       Rounding rounding) {
  const auto divisor = static_cast<std::uint64_t>(refill);
  const std::uint64_t length_ticks = static_cast<std::uint64_t>(length.count()) * kTicksPerNano;
  const Wide product = Wide{static_cast<std::uint64_t>(amount)} * length_ticks;
  const Wide dividend = product + (rounding == Rounding::up ? divisor - 1 : 0);
  const bool narrow = dividend >> 64U == 0;
  const Wide ticks =
      narrow ? Wide{static_cast<std::uint64_t>(dividend) / divisor} : dividend / divisor;
  return ticks > kAheadTicksMax ? kAheadTicksMax : static_cast<std::uint64_t>(ticks);
}

Duration duration_of(std::uint64_t ticks) {
  return Duration(static_cast<std::int64_t>((ticks + kTicksPerNano - 1) / kTicksPerNano));
}

}  // namespace

std::uint64_t BucketPool::units_of(std::int64_t amount, bool up) const {
  const std::uint64_t ticks =
      ticks_of(amount, refill_, length_, up ? Rounding::up : Rounding::down);
  return std::min((ticks + (up ? kTicksPerUnit - 1 : 0)) / kTicksPerUnit, kUnitsMax);
}

bool BucketPool::enter(std::uint64_t backlog, std::uint64_t units, Entered& entered) {
  std::uint64_t seen = entry_->floor.load();
  if (!entry_.lasts()) return false;
  const std::uint64_t book = seen >> kUnitBits;
  const bool counted = entered.done && entered.book == book;
  const std::uint64_t all = seen & kUnitsMax;
  const std::uint64_t others = all - (counted ? std::min(units, all) : 0);
  const bool final = backlog / kTicksPerUnit < others || others + units > kUnitsMax;
  if (counted && !final) return true;
  const std::uint64_t next =
      final ? (book + 1) << kUnitBits | units : book << kUnitBits | (others + units);
  if (next != seen && !entry_->floor.replace(seen, next)) return false;
  entered = {.done = true, .book = next >> kUnitBits};
  return true;
}

PoolVerdict BucketPool::take(std::int64_t burst, std::int64_t amount, Duration lead, Instant now) {
  const std::uint64_t present = ticks_at(now);
  const std::uint64_t cost = ticks_of(amount, refill_, length_, Rounding::up);
  const std::uint64_t units = units_of(amount, true);
  const std::uint64_t whole = ticks_of(burst, refill_, length_, Rounding::up);
  const std::uint64_t depth =
      whole - std::min(whole, static_cast<std::uint64_t>(lead.count()) * kTicksPerNano);
  if (cost > depth) return {.answer = PoolAnswer::beyond};
  Entered entered;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    std::uint64_t spent_until = entry_->taken.load();
    const std::uint64_t from = std::max(spent_until & ~kForgotten, present);
    PoolVerdict verdict{.answer = PoolAnswer::granted, .taken_at = entered.book};
    if ((spent_until & kForgotten) != 0 || !entry_.lasts()) {
      verdict.answer = PoolAnswer::forgotten;
    } else if (from - present > kAheadTicksMax) {
      verdict.answer = PoolAnswer::corrupt;
    } else if (from + cost > present + depth) {
      verdict.answer = PoolAnswer::refused;
      verdict.retry_after = duration_of(from + cost - present - depth);
    } else if (cost == 0) {
      return verdict;
    } else {
      if (!enter(from - present, units, entered)) continue;
      if (!entry_->taken.replace(spent_until, from + cost)) continue;
      verdict.taken_at = entered.book;
      return verdict;
    }
    if (entered.done) keep(entered.book, amount);
    return verdict;
  }
  return {.answer = PoolAnswer::corrupt};
}

PoolAnswer BucketPool::charge(std::int64_t amount, Instant now) {
  const std::uint64_t present = ticks_at(now);
  const std::uint64_t cost = ticks_of(amount, refill_, length_, Rounding::up);
  for (int tries = 0; tries < kTriesMax; ++tries) {
    std::uint64_t spent_until = entry_->taken.load();
    if ((spent_until & kForgotten) != 0 || !entry_.lasts()) return PoolAnswer::forgotten;
    const std::uint64_t from = std::max(spent_until, present);
    if (from - present > kAheadTicksMax) return PoolAnswer::corrupt;
    Entered entered;
    if (!enter(from - present, 0, entered)) continue;
    const std::uint64_t until = std::min(from + cost, present + kAheadTicksMax / 2);
    if (entry_->taken.replace(spent_until, std::max(until, spent_until))) {
      return PoolAnswer::granted;
    }
  }
  return PoolAnswer::corrupt;
}

// The time first, then the book: in between too much may still come back, which is only careful.
bool BucketPool::give_back(std::uint64_t book, std::int64_t amount) {
  const std::uint64_t cost = ticks_of(amount, refill_, length_, Rounding::down);
  bool back = false;
  for (int tries = 0; tries < kTriesMax && !back; ++tries) {
    std::uint64_t spent_until = entry_->taken.load();
    if ((spent_until & kForgotten) != 0 || !entry_.lasts()) return false;
    if (entry_->floor.load() >> kUnitBits != book) return false;
    back = entry_->taken.replace(spent_until, spent_until - std::min(cost, spent_until));
  }
  keep(book, amount);
  return back;
}

void BucketPool::keep(std::uint64_t book, std::int64_t amount) {
  const std::uint64_t units = units_of(amount, false);
  std::uint64_t seen = entry_->floor.load();
  while (seen >> kUnitBits == book && entry_.lasts() &&
         !entry_->floor.replace(seen, seen - std::min(units, seen & kUnitsMax))) {
  }
}

PoolStanding BucketPool::standing(std::int64_t burst, Instant now) const {
  const std::uint64_t present = ticks_at(now);
  const std::uint64_t spent_until = entry_->taken.load();
  if ((spent_until & kForgotten) != 0) return {.answer = PoolAnswer::forgotten};
  const std::uint64_t ahead = spent_until - std::min(spent_until, present);
  if (ahead > kAheadTicksMax) return {.answer = PoolAnswer::corrupt};
  const Wide dividend = Wide{ahead} * static_cast<std::uint64_t>(refill_);
  const std::uint64_t divisor = static_cast<std::uint64_t>(length_.count()) * kTicksPerNano;
  const Wide spent = (dividend + divisor - 1) / divisor;
  // A burst whose own time was rounded down is not overdrawn by the rounding.
  const std::uint64_t whole = ticks_of(burst, refill_, length_, Rounding::up);
  const std::int64_t most = ahead <= whole ? burst : kSpentMax;
  return {
      .spent = spent > static_cast<std::uint64_t>(most) ? most : static_cast<std::int64_t>(spent),
      .full_after = duration_of(ahead)};
}

Duration BucketPool::time_of(std::int64_t amount, std::int64_t refill, Duration length) {
  return duration_of(ticks_of(amount, refill, length, Rounding::down));
}

std::uint64_t BucketPool::first_book(std::uint64_t generation) {
  return generation << kUnitBits;
}

bool BucketPool::idle(std::uint64_t taken, Instant now) {
  return taken <= ticks_at(now);
}

}  // namespace headrace::core

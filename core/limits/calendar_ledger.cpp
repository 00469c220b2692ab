#include "core/limits/calendar_ledger.h"

#include <algorithm>
#include <memory>

#include "core/limits/limit_span.h"
#include "core/limits/limit_traits.h"
#include "core/limits/shard_limits.h"
#include "core/planted_bug.h"

namespace headrace::core {

namespace {

// A window that ended so long ago is over by every clock of this node.
constexpr std::int64_t kEndedNanos = 60'000'000'000;

enum class Sight : std::uint8_t { nothing, changing, pool };

// What stands in a place. It is read while others take of it: what does not fit together is looked
// at again soon.
Sight read_pool(const LimitTable& table, LimitTable::Place place, PoolSpent& pool) {
  const LimitEntry& entry = table.entry(place);
  if (LimitTraits::kind(entry.traits.load()) != WindowKind::calendar) return Sight::nothing;
  const std::uint64_t floor = entry.floor.load_in_order();
  const std::uint64_t taken = entry.taken.load_in_order();
  auto identity = table.identity_of(place);
  if (planted(PlantedBug::pool_named_by_place)) identity.reset();
  pool = {.identity = identity ? *identity : table.identity_like(place),
          .window = static_cast<std::uint32_t>(TaggedWord::tag(floor)),
          .naming = identity ? PoolNaming::by_limit : PoolNaming::by_place,
          .spent = TaggedWord::difference(taken, floor),
          .ends_unix_nanos = LimitSpan::nanos(entry.span.load())};
  const bool still = entry.floor.load_in_order() == floor && entry.name.load() == place.name;
  if (!still || (taken & kForgotten) != 0) return Sight::changing;
  // What was overwritten is not worth keeping.
  return pool.spent < 0 || pool.spent > kSpentMax ? Sight::nothing : Sight::pool;
}

bool believable(const PoolSpent& pool) {
  return pool.spent > 0 && pool.identity != 0 && pool.window <= kCalendarWindowMax &&
         pool.naming <= PoolNaming::by_limit;
}

}  // namespace

void CalendarLedger::collect(std::vector<PoolSpent>& pools) {
  known_.clear();
  gone_.clear();
  all_again_ = true;
  collect_changed(pools);
}

void CalendarLedger::collect_changed(std::vector<PoolSpent>& pools) {
  const bool all = all_again_;
  all_again_ = false;
  // Before what stands in the same places now.
  if (all) pools.insert(pools.end(), gone_.begin(), gone_.end());
  for (std::uint32_t mark = 0; mark < memory_.marks.size(); ++mark) {
    const bool changed = wipe(mark) && !planted(PlantedBug::pool_change_unseen);
    if (changed || all) look_at(mark, all, pools);
  }
}

// Before its pools are looked at: who changes one of them later sets it again.
bool CalendarLedger::wipe(std::uint32_t mark) {
  SharedWord& word = memory_.marks[mark];
  const std::uint64_t ours = std::uint64_t{1} << incarnation_;
  std::uint64_t seen = word.load();
  while ((seen & ours) != 0) {
    if (word.replace(seen, seen & ~ours)) return true;
  }
  return false;
}

void CalendarLedger::look_at(std::uint32_t mark, bool all, std::vector<PoolSpent>& pools) {
  const std::uint32_t first = mark * kEntriesPerMark;
  const std::uint32_t end = std::min(first + kEntriesPerMark, table_.capacity());
  for (std::uint32_t index = first; index < end; ++index)
    look_at_entry(index, all, pools);
}

void CalendarLedger::look_at_entry(std::uint32_t index, bool all, std::vector<PoolSpent>& pools) {
  constexpr int kLooksMax = 8;
  PoolSpent pool;
  auto sight = Sight::nothing;
  for (int tries = 0; tries < kLooksMax; ++tries) {
    const auto place = table_.in_use(index);
    sight = place ? read_pool(table_, *place, pool) : Sight::nothing;
    if (sight != Sight::changing) break;
  }
  if (sight == Sight::changing) return table_.mark_changed(index);
  const auto known = known_.find(index);
  if (known != known_.end()) {
    if (sight == Sight::pool && known->second == pool && !all) return;
    const bool same = sight == Sight::pool && known->second.identity == pool.identity &&
                      known->second.naming == pool.naming;
    if (!same) let_go(index, pools);
  }
  if (sight != Sight::pool || (pool.spent == 0 && !known_.contains(index))) return;
  known_[index] = pool;
  pools.push_back(pool);
}

// Its credit has returned, or an operator has reset it: it must not come back with what it had.
void CalendarLedger::let_go(std::uint32_t index, std::vector<PoolSpent>& pools) {
  const auto known = known_.find(index);
  PoolSpent none = known->second;
  none.spent = 0;
  known_.erase(known);
  gone_.push_back(none);
  pools.push_back(none);
}

// What was reset, or has ended, while no journal was written: the next one says so.
void CalendarLedger::note_gone(std::span<const PoolSpent> pools) {
  for (const PoolSpent& pool : pools) {
    if (!believable(pool) || table_.find(pool.identity)) continue;
    gone_.push_back(pool);
    gone_.back().spent = 0;
  }
}

PoolsRestored CalendarLedger::restore(std::span<const PoolSpent> pools) {
  PoolsRestored result;
  if (memory_.header->pools_known.load() != 0) {
    note_gone(pools);
    return result;
  }
  const auto limits = std::make_unique<ShardLimits>(memory_, incarnation_, 0);
  for (const PoolSpent& pool : pools) {
    if (!believable(pool)) continue;
    if (pool.ends_unix_nanos < start_.wall.unix_nanos - kEndedNanos) {
      ++result.ended;
      continue;
    }
    LimitDemand demand{.terms = LimitTerms::calendar(pool.identity, kCreditMax,
                                                     static_cast<std::uint16_t>(pool.window),
                                                     {.unix_nanos = pool.ends_unix_nanos}),
                       .amount = 0};
    // An older row may be of the same pool; and one who died here has brought back a part.
    const std::int64_t there = kCreditMax - limits->read(demand.terms, start_).remaining;
    demand.amount = std::min(pool.spent, kCreditMax) - there;
    if (demand.amount <= 0) continue;
    Permit permit;
    if (limits->take({&demand, 1}, start_, permit)) {
      ++result.no_room;
      continue;
    }
    permit.settle_as_reserved();
    ++result.restored;
    if (pool.naming == PoolNaming::by_limit) continue;
    ++result.by_place;
    if (const auto place = table_.find(pool.identity)) table_.tell_identity(*place, 0);
  }
  limits->give_back_shares();
  if (result.no_room == 0) memory_.header->pools_known.store(1);
  return result;
}

}  // namespace headrace::core

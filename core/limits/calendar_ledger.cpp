#include "core/limits/calendar_ledger.h"

#include <memory>

#include "core/limits/limit_span.h"
#include "core/limits/limit_traits.h"
#include "core/limits/shard_limits.h"

namespace headrace::core {

void CalendarLedger::collect(std::vector<PoolSpent>& pools) {
  for (std::uint32_t index = 0; index < table_.capacity(); ++index) {
    const auto place = table_.in_use(index);
    if (!place) continue;
    const LimitEntry& entry = table_.entry(*place);
    if (LimitTraits::kind(entry.traits.load()) != WindowKind::calendar) continue;
    const std::uint64_t floor = entry.floor.load();
    const std::uint64_t taken = entry.taken.load();
    const std::int64_t spent = TaggedWord::difference(taken, floor);
    const std::int64_t ends = LimitSpan::nanos(entry.span.load());
    // What changes just now is looked at again soon; what was overwritten is not worth keeping.
    const bool sound = (taken & kForgotten) == 0 && spent > 0 && spent <= kSpentMax &&
                       entry.floor.load() == floor && entry.name.load() == place->name;
    if (!sound) continue;
    pools.push_back({.identity = table_.identity_like(*place),
                     .window = TaggedWord::tag(floor),
                     .spent = spent,
                     .ends_unix_nanos = ends});
  }
}

void CalendarLedger::restore(std::span<const PoolSpent> pools) {
  std::vector<PoolSpent> known;
  collect(known);
  if (!known.empty()) return;
  const auto limits = std::make_unique<ShardLimits>(memory_, incarnation_, 0);
  for (const PoolSpent& pool : pools) {
    if (pool.spent <= 0 || pool.spent > kCreditMax || pool.window > kCalendarWindowMax) continue;
    const LimitDemand demand{.terms = LimitTerms::calendar(pool.identity, kCreditMax,
                                                           static_cast<std::uint16_t>(pool.window),
                                                           {.unix_nanos = pool.ends_unix_nanos}),
                             .amount = pool.spent};
    Permit permit;
    if (!limits->take({&demand, 1}, start_, permit)) permit.settle_as_reserved();
  }
  limits->give_back_shares();
}

}  // namespace headrace::core

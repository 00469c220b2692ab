#include "core/limits/shard_limits.h"

#include <algorithm>

#include "core/check.h"
#include "core/limits/bucket_pool.h"
#include "core/limits/calendar_pool.h"
#include "core/limits/concurrency_pool.h"
#include "core/limits/limit_return.h"
#include "core/limits/limit_traits.h"
#include "core/limits/sliding_pool.h"
#include "core/planted_bug.h"

namespace headrace::core {

namespace {

constexpr int kLookUpsMax = 64;

LimitReceipt receipt_for(const LimitTerms& terms, LimitTable::Place place, std::int64_t amount,
                         std::uint64_t taken_at) {
  const bool calendar = terms.kind == WindowKind::calendar;
  return {.identity = terms.identity,
          .name = place.name,
          .amount = amount,
          .taken_at = taken_at,
          .refill = terms.refill,
          .span_nanos = calendar ? terms.ends.unix_nanos : terms.length.count(),
          .place = place.index,
          .kind = terms.kind,
          .measure = terms.measure};
}

// As far as the entry's words need them.
LimitTerms terms_of(const LimitReceipt& receipt) {
  const bool calendar = receipt.kind == WindowKind::calendar;
  LimitTerms terms{.identity = receipt.identity, .kind = receipt.kind, .refill = receipt.refill};
  if (calendar) {
    terms.window = static_cast<std::uint16_t>(receipt.taken_at);
    terms.ends = {.unix_nanos = receipt.span_nanos};
  } else {
    terms.length = Duration(receipt.span_nanos);
  }
  return terms;
}

}  // namespace

ShardLimits::ShardLimits(const LimitMemory& memory, std::uint32_t incarnation, std::uint32_t shard)
    : memory_(memory),
      table_(memory, incarnation),
      incarnation_(incarnation),
      shard_(shard),
      slots_(memory.shares_of(incarnation, shard)),
      flows_(memory.flows_of(incarnation, shard)) {}

void ShardLimits::prefetch(std::uint64_t identity) const {
  const LimitTable::Hash hash = LimitTable::hash_of(identity);
  table_.prefetch(hash);
  table_.prefetch_mark(hash);
}

// What all demands need is on its way before the first is looked at: behind the first
// compare-and-swap nothing is fetched ahead.
void ShardLimits::fetch_ahead(std::span<const LimitDemand> demands, LimitTime now,
                              std::span<LimitTable::Hash> hashes) const {
  for (std::size_t i = 0; i < demands.size(); ++i) {
    hashes[i] = LimitTable::hash_of(demands[i].terms.identity);
    table_.prefetch(hashes[i]);
  }
  for (std::size_t i = 0; i < demands.size(); ++i) {
    const LimitTerms& terms = demands[i].terms;
    if (terms.kind == WindowKind::calendar) table_.prefetch_mark(hashes[i]);
    if (terms.kind != WindowKind::sliding || demands.size() == 1) continue;
    table_.prefetch_steps(hashes[i], SlidingPool::step_at(now.monotonic, terms.length));
  }
}

std::optional<LimitRefusal> ShardLimits::take(std::span<const LimitDemand> demands, LimitTime now,
                                              Permit& into) {
  HEADRACE_CHECK(into.empty());
  HEADRACE_CHECK(demands.size() <= kDemandsMax);
  std::array<LimitTable::Hash, kDemandsMax> hashes;
  fetch_ahead(demands, now, hashes);
  last_seen_ = now;
  into.limits_ = this;
  for (const LimitDemand& demand : demands) {
    if (auto refusal = take_one(demand, hashes[into.count_], now, into.receipts_[into.count_])) {
      refusal->decided = into.count_;
      give_up(into);
      return refusal;
    }
    if (into.count_++ == 0) ++permits_out_;
  }
  for (std::size_t i = 0; i < into.count_; ++i) {
    LimitFlow::add(flow(into.receipts_[i]).reserved, into.receipts_[i].amount);
    if (planted(PlantedBug::reservation_untold)) break;
  }
  if (permits_out_ > 0) next_tending_ = std::min(next_tending_, now.monotonic + kTendWithin);
  return std::nullopt;
}

std::optional<LimitRefusal> ShardLimits::take_one(const LimitDemand& demand, LimitTable::Hash hash,
                                                  LimitTime now, LimitReceipt& receipt) {
  HEADRACE_CHECK(demand.amount >= 0);
  if (demand.amount > std::min(demand.terms.credit, kCreditMax)) {
    return LimitRefusal{.cause = RefusalCause::beyond_limit};
  }
  const bool large = is_large(demand.terms);
  const std::size_t seat = seat_of(demand.terms.identity);
  if (large && spend_share(seat, demand, now, receipt)) return std::nullopt;
  return take_from_node(demand, hash, seat, large, now, receipt);
}

std::optional<LimitRefusal> ShardLimits::take_from_node(const LimitDemand& demand,
                                                        LimitTable::Hash hash, std::size_t seat,
                                                        bool large, LimitTime now,
                                                        LimitReceipt& receipt) {
  const LimitTerms& terms = demand.terms;
  const Duration hold = hold_of(terms, large);
  const Duration lead = terms.kind == WindowKind::bucket ? hold : Duration{};
  for (int tries = 0; tries < kLookUpsMax; ++tries) {
    const auto place = table_.find_or_add(hash, terms, now);
    if (!place) return LimitRefusal{.cause = RefusalCause::no_room};
    const std::uint64_t traits = table_.entry(*place).traits.load();
    if (!table_.life(*place).lasts()) continue;
    if (LimitTraits::closed(traits)) return LimitRefusal{.cause = RefusalCause::closed};
    PoolVerdict verdict{.answer = PoolAnswer::corrupt};
    if (LimitTraits::kind(traits) == terms.kind) {
      const std::int64_t slice = large ? slice_for(seat, demand, *place, now) : 0;
      if (slice > 0) verdict = ask_for_slice(seat, *place, terms, slice, lead, now);
      if (slice > 0 && verdict.answer == PoolAnswer::granted) {
        receipt = receipt_for(terms, *place, slice, verdict.taken_at);
        hold_share(seat, receipt, slice - demand.amount, now.monotonic + hold);
        receipt.amount = demand.amount;
        return std::nullopt;
      }
      verdict = ask(*place, terms, demand.amount, lead, now);
    }
    switch (verdict.answer) {
      case PoolAnswer::granted:
        receipt = receipt_for(terms, *place, demand.amount, verdict.taken_at);
        return std::nullopt;
      case PoolAnswer::refused:
        return LimitRefusal{.retry_after = terms.kind == WindowKind::concurrency
                                               ? std::nullopt
                                               : std::optional(verdict.retry_after)};
      case PoolAnswer::beyond:
        return LimitRefusal{.cause = RefusalCause::beyond_limit};
      case PoolAnswer::outdated:
        table_.forget_if_idle(*place, now);
        break;
      case PoolAnswer::forgotten:
        if (table_.is_leaving(*place)) break;
        [[fallthrough]];
      case PoolAnswer::corrupt:
        if (!close(*place)) break;  // it was not that one any more
        return LimitRefusal{.cause = RefusalCause::closed};
    }
  }
  return LimitRefusal{.cause = RefusalCause::no_room};
}

// Of a sliding window: what it means that there are none. Whoever forgets it takes them first.
PoolAnswer ShardLimits::without_steps(LimitTable::Place place) const {
  const bool forgotten = (table_.entry(place).taken.load() & kForgotten) != 0;
  return forgotten ? PoolAnswer::forgotten : PoolAnswer::corrupt;
}

PoolVerdict ShardLimits::ask_for_slice(std::size_t seat, LimitTable::Place place,
                                       const LimitTerms& terms, std::int64_t slice, Duration lead,
                                       LimitTime now) {
  if (terms.kind != WindowKind::calendar) return ask(place, terms, slice, lead, now);
  ShareClaim claim(memory_, incarnation_, shard_, seat, receipt_for(terms, place, slice, 0));
  const PoolVerdict verdict = ask_calendar(place, terms, slice, now, &claim);
  if (verdict.answer != PoolAnswer::granted) claim.withdraw();
  return verdict;
}

PoolVerdict ShardLimits::ask(LimitTable::Place place, const LimitTerms& terms, std::int64_t amount,
                             Duration lead, LimitTime now) {
  const LimitLife entry = table_.life(place);
  switch (terms.kind) {
    case WindowKind::sliding: {
      StepBlock* block = table_.block(place);
      if (block == nullptr) return {.answer = without_steps(place)};
      return SlidingPool(entry, *block, terms.length).take(terms.credit, amount, now.monotonic);
    }
    case WindowKind::bucket:
      return BucketPool(entry, terms.refill, terms.length)
          .take(terms.credit, amount, lead, now.monotonic);
    case WindowKind::calendar:
      return ask_calendar(place, terms, amount, now);
    default:
      return ConcurrencyPool(entry, memory_.incarnations, incarnation_).take(terms.credit, amount);
  }
}

// Of a pool that an older journal brought back, nobody knew whose it is before.
PoolVerdict ShardLimits::ask_calendar(LimitTable::Place place, const LimitTerms& terms,
                                      std::int64_t amount, LimitTime now, ShareClaim* claim) {
  const PoolVerdict verdict = CalendarPool(table_.life(place), terms.window, terms.ends)
                                  .take(terms.credit, amount, now.wall, claim);
  if (verdict.answer == PoolAnswer::granted) {
    table_.tell_identity(place, terms.identity);
    table_.mark_changed(place.index);
  }
  return verdict;
}

PoolStanding ShardLimits::standing_of(LimitTable::Place place, const LimitTerms& terms,
                                      LimitTime now) {
  const LimitLife entry = table_.life(place);
  switch (terms.kind) {
    case WindowKind::sliding: {
      StepBlock* block = table_.block(place);
      if (block == nullptr) return {.answer = without_steps(place)};
      return SlidingPool(entry, *block, terms.length).standing(now.monotonic);
    }
    case WindowKind::bucket:
      return BucketPool(entry, terms.refill, terms.length).standing(terms.credit, now.monotonic);
    case WindowKind::calendar:
      return CalendarPool(entry, terms.window, terms.ends).standing(now.wall);
    default:
      return ConcurrencyPool(entry, memory_.incarnations, incarnation_).standing();
  }
}

LimitReading ShardLimits::read(const LimitTerms& terms, LimitTime now) {
  LimitReading reading{.limit = terms.credit, .remaining = terms.credit};
  const auto place = table_.find(terms.identity);
  if (!place) return reading;
  const std::uint64_t traits = table_.entry(*place).traits.load();
  if (!table_.life(*place).lasts()) return reading;
  if (LimitTraits::closed(traits) || LimitTraits::kind(traits) != terms.kind) {
    return {.limit = terms.credit, .closed = true};
  }
  const PoolStanding standing = standing_of(*place, terms, now);
  if (!table_.life(*place).lasts()) return reading;
  if (standing.answer == PoolAnswer::corrupt) return {.limit = terms.credit, .closed = true};
  if (standing.answer != PoolAnswer::granted) return reading;
  const Seat& seat = seats_[seat_of(terms.identity)];
  const ShareSlot& slot = slots_[seat_of(terms.identity)];
  const bool ours = seat.holds_share && seat.identity == terms.identity;
  const std::int64_t held = ours ? static_cast<std::int64_t>(slot.balance.load()) : 0;
  reading.remaining = std::max<std::int64_t>(terms.credit - standing.spent + held, 0);
  reading.debt = std::max<std::int64_t>(standing.spent - terms.credit, 0);
  reading.full_after = standing.full_after;
  return reading;
}

void ShardLimits::reset(std::uint64_t identity) {
  const std::size_t seat = seat_of(identity);
  if (seats_[seat].holds_share && seats_[seat].identity == identity) give_back_share(seat);
  if (const auto place = table_.find(identity)) table_.forget(*place);
}

void ShardLimits::charge(const LimitReceipt& receipt, std::int64_t amount, LimitTime now) {
  last_seen_ = now;
  ++counts_.overruns;
  const LimitTerms terms = terms_of(receipt);
  const LimitTable::Hash hash = LimitTable::hash_of(terms.identity);
  for (int tries = 0; tries < kLookUpsMax; ++tries) {
    const auto place = table_.find_or_add(hash, terms, now);
    if (!place) break;
    const LimitLife entry = table_.life(*place);
    PoolAnswer answer = PoolAnswer::corrupt;
    StepBlock* block = table_.block(*place);
    if (terms.kind == WindowKind::sliding) {
      answer = block == nullptr
                   ? without_steps(*place)
                   : SlidingPool(entry, *block, terms.length).charge(amount, now.monotonic);
    } else if (terms.kind == WindowKind::bucket) {
      answer = BucketPool(entry, terms.refill, terms.length).charge(amount, now.monotonic);
    } else if (terms.kind == WindowKind::calendar) {
      answer = CalendarPool(entry, terms.window, terms.ends).charge(amount);
      table_.mark_changed(place->index);
    }
    if (answer == PoolAnswer::granted) return;
    if (answer == PoolAnswer::outdated) table_.forget_if_idle(*place, now);
    if (answer == PoolAnswer::corrupt && close(*place)) return;
  }
  ++counts_.debts_lost;
}

// What a request had taken of the limits before the one that refused it was reserved for nobody.
void ShardLimits::give_up(Permit& permit) {
  for (std::size_t i = permit.count_; i > 0; --i)
    put_back(permit.receipts_[i - 1], permit.receipts_[i - 1].amount);
  permit.end();
}

void ShardLimits::give_back(const LimitReceipt& receipt, std::int64_t amount) {
  if (amount == 0) return;
  if (put_back(receipt, amount) == CreditReturn::returned) {
    LimitFlow::add(flow(receipt).refunded, amount);
    if (planted(PlantedBug::refund_told_twice)) LimitFlow::add(flow(receipt).refunded, amount);
  } else if (!planted(PlantedBug::lapse_untold)) {
    LimitFlow::add(flow(receipt).lapsed, amount);
  }
}

CreditReturn ShardLimits::put_back(const LimitReceipt& receipt, std::int64_t amount) {
  if (amount == 0) return CreditReturn::returned;
  CreditReturn end = CreditReturn::returned;
  if (!give_back_to_share(receipt, amount)) {
    end = return_credit(table_, memory_, incarnation_, receipt, amount, last_seen_);
  }
  if (end == CreditReturn::contradicted) close({.index = receipt.place, .name = receipt.name});
  if (listener_ != nullptr) listener_->on_credit_back(receipt.identity);
  return end;
}

bool ShardLimits::give_back_to_share(const LimitReceipt& receipt, std::int64_t amount) {
  const std::size_t index = seat_of(receipt.identity);
  ShareSlot& slot = slots_[index];
  const bool from_it = seats_[index].holds_share && slot.name.load() == receipt.name &&
                       slot.taken_at.load() == receipt.taken_at &&
                       receipt.kind != WindowKind::concurrency;
  if (!from_it) return false;
  const auto balance = static_cast<std::int64_t>(slot.balance.load());
  if (balance + amount > static_cast<std::int64_t>(slot.slice.load())) return false;
  slot.balance.store(static_cast<std::uint64_t>(balance + amount));
  return true;
}

// Only a bucket counts what may still come back.
void ShardLimits::keep(const LimitReceipt& receipt, std::int64_t amount) {
  if (!planted(PlantedBug::settlement_untold)) LimitFlow::add(flow(receipt).settled, amount);
  if (receipt.kind != WindowKind::bucket || amount == 0) return;
  const LimitTable::Place place{.index = receipt.place, .name = receipt.name};
  BucketPool(table_.life(place), receipt.refill, Duration(receipt.span_nanos))
      .keep(receipt.taken_at, amount);
}

// False if it has been forgotten meanwhile: then the words that were looked at are another one's.
bool ShardLimits::close(LimitTable::Place place) {
  LimitEntry& entry = table_.entry(place);
  std::uint64_t traits = entry.traits.load();
  if (!table_.life(place).lasts()) return false;
  if (LimitTraits::closed(traits)) return true;
  if (!entry.traits.replace(traits, traits | LimitTraits::kClosed)) return close(place);
  ++counts_.limits_closed;
  for (std::uint64_t closed = memory_.header->limits_closed.load();
       !memory_.header->limits_closed.replace(closed, closed + 1);) {
  }
  return true;
}

}  // namespace headrace::core

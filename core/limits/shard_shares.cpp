// ShardLimits: what a shard holds of large limits.
#include <algorithm>

#include "core/limits/bucket_pool.h"
#include "core/limits/limit_return.h"
#include "core/limits/shard_limits.h"
#include "core/limits/share_slot.h"
#include "core/limits/sliding_pool.h"

namespace headrace::core {

namespace {

// A limit with less than this for each shard is spent straight from the node's word.
constexpr std::int64_t kLargePerShard = 64;
// A limit asked for so often within kShareHold is worth a share.
constexpr std::uint32_t kTakesForShare = 8;
// A slice is a part of what is left, so that all shards together never hold most of it; enough for
// some requests, and not for more than a shard serves in kShareHold.
constexpr std::int64_t kSlicesOfShard = 4;
constexpr std::int64_t kRequestsPerSliceMin = 4;
constexpr std::int64_t kRequestsPerSliceMax = 256;
// Of a bucket's burst, which all takers leave as long as a slice is held.
constexpr int kLeadOfBurst = 64;

constexpr std::uint32_t kSweepPerTending = 64;

static_assert((kSharesPerShard & (kSharesPerShard - 1)) == 0);

}  // namespace

std::size_t ShardLimits::seat_of(std::uint64_t identity) const {
  return (identity * 0x9e37'79b9'7f4a'7c15U >> 32U) & (kSharesPerShard - 1);
}

bool ShardLimits::is_large(const LimitTerms& terms) const {
  return memory_.shards > 1 && terms.kind != WindowKind::concurrency &&
         terms.credit >= kLargePerShard * memory_.shards;
}

Duration ShardLimits::hold_of(const LimitTerms& terms, bool large) const {
  if (!large) return {};
  if (terms.kind != WindowKind::bucket) return kShareHold;
  return std::min(kShareHold,
                  BucketPool::time_of(terms.credit, terms.refill, terms.length) / kLeadOfBurst);
}

// False if there is none, it is void, or does not hold enough: then it is given back.
bool ShardLimits::spend_share(std::size_t seat, const LimitDemand& demand, LimitTime now,
                              LimitReceipt& receipt) {
  const LimitTerms& terms = demand.terms;
  Seat& mine = seats_[seat];
  if (!mine.holds_share || mine.identity != terms.identity) return false;
  ShareSlot& slot = slots_[seat];
  const std::uint64_t taken_at = slot.taken_at.load();
  const auto balance = static_cast<std::int64_t>(slot.balance.load());
  bool valid = now.monotonic <= mine.not_after && balance >= demand.amount;
  if (terms.kind == WindowKind::sliding) {
    valid = valid && SlidingPool::step_at(now.monotonic, terms.length) <= taken_at;
  } else if (terms.kind == WindowKind::calendar) {
    valid = valid && terms.window <= taken_at;
  }
  if (!valid) {
    give_back_share(seat);
    return false;
  }
  slot.balance.store(static_cast<std::uint64_t>(balance - demand.amount));
  receipt = {.identity = terms.identity,
             .name = slot.name.load(),
             .amount = demand.amount,
             .taken_at = taken_at,
             .refill = static_cast<std::int64_t>(slot.refill.load()),
             .span_nanos = static_cast<std::int64_t>(slot.span_nanos.load()),
             .place = static_cast<std::uint32_t>(slot.place.load()),
             .kind = terms.kind,
             .measure = terms.measure};
  return true;
}

// How much to take of the node at once; 0: no more than the request needs.
std::int64_t ShardLimits::slice_for(std::size_t seat, const LimitDemand& demand,
                                    LimitTable::Place place, LimitTime now) {
  Seat& mine = seats_[seat];
  if (mine.holds_share) {
    if (mine.identity == demand.terms.identity || now.monotonic <= mine.not_after) return 0;
    give_back_share(seat);
  }
  if (mine.identity != demand.terms.identity || now.monotonic - mine.since > kShareHold) {
    mine = {.identity = demand.terms.identity, .since = now.monotonic};
  }
  if (++mine.takes < kTakesForShare) return 0;
  const PoolStanding standing = standing_of(place, demand.terms, now);
  if (standing.answer != PoolAnswer::granted) return 0;
  const std::int64_t left = demand.terms.credit - standing.spent;
  const std::int64_t slice =
      std::min(left / (kSlicesOfShard * memory_.shards), demand.amount * kRequestsPerSliceMax);
  return slice < demand.amount * kRequestsPerSliceMin ? 0 : slice;
}

void ShardLimits::hold_share(std::size_t seat, const LimitReceipt& slice, std::int64_t balance,
                             Instant not_after) {
  put_share_in(slots_[seat], slice, balance);
  Seat& mine = seats_[seat];
  mine.holds_share = true;
  mine.not_after = not_after;
  held_[held_count_++] = static_cast<std::uint16_t>(seat);
  next_tending_ = std::min(next_tending_, not_after);
  ++counts_.slices_leased;
}

void ShardLimits::give_back_share(std::size_t seat) {
  Seat& mine = seats_[seat];
  mine.holds_share = false;
  // The next one without being asked for as often, if that is soon.
  mine.takes = kTakesForShare;
  mine.since = mine.not_after;
  std::uint16_t* const last = held_.data() + held_count_ - 1;
  *std::find(held_.data(), last, static_cast<std::uint16_t>(seat)) = *last;
  --held_count_;
  if (!return_share(table_, memory_, incarnation_, slots_[seat], last_seen_)) return;
  ++counts_.slices_returned;
  if (listener_ != nullptr) listener_->on_credit_back(mine.identity);
}

void ShardLimits::tend(LimitTime now) {
  last_seen_ = now;
  next_tending_ = permits_out_ > 0 ? now.monotonic + kTendWithin : kNever;
  for (std::size_t i = held_count_; i > 0; --i) {
    const std::size_t seat = held_[i - 1];
    if (seats_[seat].not_after < now.monotonic) {
      give_back_share(seat);
    } else {
      next_tending_ = std::min(next_tending_, seats_[seat].not_after + Duration{1});
    }
  }
  table_.sweep(kSweepPerTending, now);
}

void ShardLimits::give_back_shares() {
  while (held_count_ > 0)
    give_back_share(held_[held_count_ - 1]);
  next_tending_ = kNever;
}

}  // namespace headrace::core

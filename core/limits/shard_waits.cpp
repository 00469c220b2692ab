// ShardLimits: how long credit takes to come back, and from whom.
#include <algorithm>
#include <limits>

#include "core/limits/bucket_pool.h"
#include "core/limits/concurrency_pool.h"
#include "core/limits/limit_traits.h"
#include "core/limits/shard_limits.h"
#include "core/limits/sliding_pool.h"

namespace headrace::core {

namespace {

// A product of time and a number of windows, held where it would overflow.
Duration times(Duration length, std::int64_t count) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 4;
  return count > kMost / length.count() ? Duration(kMost) : length * count;
}

}  // namespace

Duration ShardLimits::wait_for(const LimitTerms& terms, std::int64_t amount, LimitTime now) {
  if (terms.kind == WindowKind::concurrency || terms.credit <= 0) return {};
  const auto place = table_.find(terms.identity);
  const PoolStanding standing = place ? standing_of(*place, terms, now) : PoolStanding{};
  if (standing.answer != PoolAnswer::granted) return {};
  if (terms.kind == WindowKind::bucket) {
    // It refills steadily, whatever its burst.
    const std::int64_t missing = standing.spent + amount - terms.credit;
    if (missing <= 0) return {};
    const std::int64_t refills = missing / terms.refill;
    return times(terms.length, refills) +
           BucketPool::time_of(missing % terms.refill, terms.refill, terms.length);
  }
  const std::int64_t left = std::max<std::int64_t>(terms.credit - standing.spent, 0);
  if (amount <= left) return {};
  if (terms.kind == WindowKind::calendar) return standing.full_after;
  // Of each window's length comes back what one window holds.
  const std::int64_t windows = (amount - 1) / terms.credit;
  const Duration whole = times(terms.length, windows);
  if (!place) return whole;
  StepBlock* block = table_.block(*place);
  if (block == nullptr) return whole;
  return whole + SlidingPool(table_.life(*place), *block, terms.length)
                     .wait_for(terms.credit, amount - windows * terms.credit, now.monotonic);
}

bool ShardLimits::held_elsewhere(const LimitTerms& terms) {
  if (terms.kind != WindowKind::concurrency) return others_live();
  const auto place = table_.find(terms.identity);
  if (!place || LimitTraits::kind(table_.entry(*place).traits.load()) != terms.kind) return false;
  return ConcurrencyPool(table_.life(*place), memory_.incarnations, incarnation_).held_by_others() >
         0;
}

bool ShardLimits::others_live() const {
  for (std::size_t i = 0; i < memory_.users.size(); ++i) {
    if (i != incarnation_ && !memory_.users[i].is_vacant()) return true;
  }
  return false;
}

}  // namespace headrace::core

#include "policy/quota/budget_notices.h"

#include "core/hash.h"

namespace headrace::policy {

bool BudgetNotices::is_new(const BudgetCrossing& crossing) {
  const std::uint64_t hash =
      core::hash64({crossing.identity, std::uint64_t{crossing.window} << 8U | crossing.percent}) |
      1U;
  std::atomic<std::uint64_t>& place = said_[hash >> 32U & (kPlaces - 1)];
  return place.exchange(hash, std::memory_order_relaxed) != hash;
}

}  // namespace headrace::policy

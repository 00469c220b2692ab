#include "policy/quota/budget_notices.h"

#include "core/hash.h"

namespace headrace::policy {

bool BudgetNotices::is_new(const BudgetCrossing& crossing) {
  const std::array<std::uint64_t, 2> parts = {
      crossing.identity, std::uint64_t{crossing.window} << 8U | crossing.percent};
  const std::uint64_t hash = core::hash64(std::as_bytes(std::span(parts))) | 1U;
  std::atomic<std::uint64_t>& place = said_[hash >> 32U & (kPlaces - 1)];
  return place.exchange(hash, std::memory_order_relaxed) != hash;
}

}  // namespace headrace::policy

#include "policy/quota/take.h"

#include <algorithm>
#include <memory>

namespace headrace::policy {
namespace {

using config::LimitAction;
using config::LimitFailure;
using core::RefusalCause;

}  // namespace

std::int64_t Taken::of(const ChainedLimit& limit) const {
  for (std::size_t demand = 0; demand < permit.size(); ++demand) {
    if (permit.identity(demand) == limit.terms.identity) return permit.reserved(demand);
  }
  return 0;
}

std::optional<QuotaRefusal> take(core::ShardLimits& limits, const LimitChain& chain,
                                 const ChainAmounts& amounts, core::LimitTime now, Taken& into) {
  // There is room for many, and most requests have a few: what is not used is not made.
  alignas(core::LimitDemand) std::array<std::byte, core::kDemandsMax * sizeof(core::LimitDemand)>
      room;
  auto* const demands = reinterpret_cast<core::LimitDemand*>(room.data());
  std::array<std::size_t, core::kDemandsMax> chained;  // place in the chain, by demand
  std::size_t count = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    std::construct_at(demands + count, core::LimitDemand{.terms = chain[i].terms,
                                                         .amount = std::clamp<std::int64_t>(
                                                             amounts[i], 0, core::kCreditMax)});
    chained[count++] = i;
  }
  // Each refusal that is got over leaves one demand out, or takes nothing of it any more.
  while (count > 0) {
    const auto refusal = limits.take(std::span(demands, count), now, into.permit);
    if (!refusal) break;
    const ChainedLimit& limit = chain[chained[refusal->decided]];
    const bool unknown =
        refusal->cause == RefusalCause::closed || refusal->cause == RefusalCause::no_room;
    const bool soft = !unknown && limit.rule->action == LimitAction::soft;
    if (soft && demands[refusal->decided].amount > 0) {
      core::LimitDemand& demand = demands[refusal->decided];
      const std::int64_t left = limits.read(demand.terms, now).remaining;
      demand.amount = left < demand.amount ? left : 0;
      ++into.beyond_soft;
      continue;
    }
    if (!soft && (!unknown || limit.rule->on_failure == LimitFailure::closed)) {
      return QuotaRefusal{
          .limit = &limit, .cause = refusal->cause, .retry_after = refusal->retry_after};
    }
    // A soft limit in debt takes no more; one that is not known and fails open neither.
    if (unknown) ++into.failed_open;
    --count;
    std::copy(demands + refusal->decided + 1, demands + count + 1, demands + refusal->decided);
    std::copy(chained.begin() + static_cast<std::ptrdiff_t>(refusal->decided) + 1,
              chained.begin() + static_cast<std::ptrdiff_t>(count) + 1,
              chained.begin() + static_cast<std::ptrdiff_t>(refusal->decided));
  }
  for (std::size_t i = 0; i < count; ++i)
    into.measures[i] = chain[chained[i]].rule->measure;
  return std::nullopt;
}

}  // namespace headrace::policy

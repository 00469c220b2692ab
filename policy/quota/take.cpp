#include "policy/quota/take.h"

#include <algorithm>

namespace headrace::policy {
namespace {

using config::LimitAction;
using config::LimitFailure;
using core::RefusalCause;

// Demands have values when they are made; most chains are short.
constexpr std::size_t kFewDemands = 4;

template <std::size_t kMost>
std::optional<QuotaRefusal> take_at_most(core::ShardLimits& limits, const LimitChain& chain,
                                         const ChainAmounts& amounts, core::LimitTime now,
                                         Taken& into) {
  std::array<core::LimitDemand, kMost> demands;
  std::array<std::size_t, kMost> chained;  // place in the chain, by demand
  std::size_t count = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    demands[count] = {.terms = chain[i].terms,
                      .amount = std::clamp<std::int64_t>(amounts[i], 0, core::kCreditMax)};
    chained[count++] = i;
  }
  // Each refusal that is got over leaves one demand out, or takes nothing of it any more.
  while (count > 0) {
    const auto refusal = limits.take(std::span(demands.data(), count), now, into.permit);
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
    std::shift_left(demands.data() + refusal->decided, demands.data() + count, 1);
    std::shift_left(chained.data() + refusal->decided, chained.data() + count, 1);
    --count;
  }
  into.soft = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const config::LimitRule& rule = *chain[chained[i]].rule;
    into.measures[i] = rule.measure;
    if (rule.action == LimitAction::soft) into.soft |= std::uint32_t{1} << i;
  }
  return std::nullopt;
}

}  // namespace

std::int64_t Taken::of(const ChainedLimit& limit) const {
  for (std::size_t demand = 0; demand < permit.size(); ++demand) {
    if (permit.identity(demand) == limit.terms.identity) return permit.reserved(demand);
  }
  return 0;
}

std::optional<QuotaRefusal> take(core::ShardLimits& limits, const LimitChain& chain,
                                 const ChainAmounts& amounts, core::LimitTime now, Taken& into) {
  return chain.size() <= kFewDemands
             ? take_at_most<kFewDemands>(limits, chain, amounts, now, into)
             : take_at_most<core::kDemandsMax>(limits, chain, amounts, now, into);
}

}  // namespace headrace::policy

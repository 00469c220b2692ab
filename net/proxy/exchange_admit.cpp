// The admit stage of an exchange: requests and concurrency.
#include <array>

#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/quota/quota_refusal_text.h"

namespace headrace::net {

using policy::MessageId;
using policy::Reason;
using policy::Verdict;
using policy::config::LimitMeasure;

Verdict Exchange::admit() {
  const policy::config::ConfigView& view = config_->view();
  if (!shard_->limits || !policy::has_limits(view, caller_)) return Verdict::go;
  if (!hold_quota()) return Verdict::reply;
  std::array<char, policy::kModelBytesMax> scratch;
  policy::LimitChain& chain = shard_->limit_chain;
  chain.clear();
  policy::chain_limits(question(policy::QuotaStage::admit, limited_model(scratch)), caller_, chain);
  const std::uint64_t weight =
      view.quota().weights().empty() ? 1 : view.quota().weight(request_head().path());
  policy::ChainAmounts amounts{};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool concurrent = chain[i].rule->measure == LimitMeasure::concurrent;
    amounts[i] = concurrent ? 1 : static_cast<std::int64_t>(weight);
  }
  return conclude(
      chain, amounts, quota_->admitted,
      policy::take(*shard_->limits, chain, amounts, shard_->limit_time(), quota_->admitted));
}

// --- what both stages that take of limits need ---------------------------------------------------

bool Exchange::hold_quota() {
  if (quota_ != nullptr) return true;
  quota_ = shard_->quota_holds.make();
  if (quota_ != nullptr) return true;
  reply(Reason::overloaded, MessageId::too_many_requests_held);
  return false;
}

// Notes what the client is to be told of these limits, and refuses where one of them did.
Verdict Exchange::conclude(const policy::LimitChain& chain, const policy::ChainAmounts& amounts,
                           const policy::Taken& taken,
                           const std::optional<policy::QuotaRefusal>& refused) {
  const core::LimitTime now = shard_->limit_time();
  for (const policy::ChainedLimit& limit : chain.limits()) {
    const LimitMeasure measure = limit.rule->measure;
    if (limit.scope == policy::config::ScopeKind::provider || measure == LimitMeasure::concurrent) {
      continue;
    }
    if (measure != LimitMeasure::micro_usd || limit.rule->warn_percent[0] != 0) {
      const core::LimitReading reading = shard_->limits->read(limit.terms, now);
      const bool counted = measure == LimitMeasure::requests;
      quota_->nearest.consider(limit, reading, counted ? 0 : taken.of(limit));
      tell_of(limit, amounts[static_cast<std::size_t>(&limit - chain.limits().data())], reading);
    }
  }
  shard_->counters.add(ShardCount::limits_failed_open, taken.failed_open);
  shard_->counters.add(ShardCount::soft_limits_exceeded, taken.beyond_soft);
  if (!refused) return Verdict::go;
  shard_->counters.add(count_of(*refused));
  limit_ = config_->view().text(refused->limit->rule->name);
  reply(policy::refusal_of(*refused, config_->view()));
  return Verdict::reply;
}

}  // namespace headrace::net

// The admit stage of an exchange: requests and concurrency.
#include <array>

#include "core/event_log.h"
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

// The model that limits of a model go by: as the client calls it.
std::string_view Exchange::limited_model(std::span<char, policy::kModelBytesMax> scratch) {
  return passthrough_ != nullptr ? std::string_view() : asked_model(scratch);
}

policy::ChainQuestion Exchange::question(policy::QuotaStage stage, std::string_view model) {
  return {.config = &config_->view(),
          .windows = &config_->calendar_windows(),
          .stage = stage,
          .model = model,
          .now = shard_->limit_time()};
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

// Keeps what an answer's fields say of budgets that are nearly used up.
void Exchange::tell_of(const policy::ChainedLimit& limit, std::int64_t amount,
                       const core::LimitReading& reading) {
  if (limit.rule->warn_percent[0] == 0 || reading.limit <= 0) return;
  const std::int64_t used = reading.limit - reading.remaining + reading.debt;
  const auto percent_of = [&](std::int64_t part) { return part / (reading.limit / 100 + 1); };
  for (const std::uint8_t percent : limit.rule->warn_percent) {
    if (percent == 0 || percent_of(used) < percent) break;
    quota_->warned_of = limit.rule;
    quota_->warned_percent = percent;
    // This request has brought it there.
    if (percent_of(used - amount) < percent) note_budget(limit, percent);
  }
}

// For operators; clients are told by a field of the answer. What was reserved and not used comes
// back, so that the same share may be passed again: a window says it once.
void Exchange::note_budget(const policy::ChainedLimit& limit, std::uint8_t percent) {
  shard_->counters.add(ShardCount::budget_warnings);
  const policy::BudgetCrossing crossing{
      .identity = limit.terms.identity, .window = limit.terms.window, .percent = percent};
  if (shard_->budget_notices == nullptr || !shard_->budget_notices->is_new(crossing)) return;
  const policy::config::ConfigView& view = config_->view();
  // The only formatting on a shard, and bounded: once for each share of a budget and window.
  HEADRACE_EVENT(warning, "{}% of budget {} of {} {} is spent or reserved{}{}", percent,
                 view.text(limit.rule->name), policy::to_text(limit.scope),
                 budget_holder(limit.scope), percent >= 100 ? ": it is used up" : "",
                 limit.rule->action == policy::config::LimitAction::soft ? " (soft)" : "");
}

// The name of whoever has a limit in this request's chain.
std::string_view Exchange::budget_holder(policy::config::ScopeKind scope) const {
  using policy::config::ScopeKind;
  const policy::config::ConfigView& view = config_->view();
  switch (scope) {
    case ScopeKind::organisation:
      return view.text(view.scopes().organisation(*caller_.tenant)->name);
    case ScopeKind::tenant:
      return view.text(caller_.tenant->name);
    case ScopeKind::project:
      return view.text(caller_.project->name);
    case ScopeKind::user:
      return caller_.user == nullptr ? request_.user.text() : view.text(caller_.user->name);
    case ScopeKind::key:
      return view.scopes().name(*caller_.key);
    case ScopeKind::provider:
      return config_->snapshot().providers()[call_.provider].name;
    case ScopeKind::provider_key:
      return config_->snapshot().providers()[call_.provider].keys[call_.hold.key].name;
    case ScopeKind::route:
      return view.text(route_->name);
  }
  return {};
}

ShardCount Exchange::count_of(const policy::QuotaRefusal& refused) {
  if (refused.cause == core::RefusalCause::closed || refused.cause == core::RefusalCause::no_room) {
    return ShardCount::refused_unknown_limit;
  }
  switch (refused.limit->rule->measure) {
    case LimitMeasure::requests:
      return ShardCount::refused_requests;
    case LimitMeasure::concurrent:
      return ShardCount::refused_concurrent;
    case LimitMeasure::micro_usd:
      return ShardCount::refused_money;
    case LimitMeasure::input_tokens:
    case LimitMeasure::output_tokens:
    case LimitMeasure::tokens:
      break;
  }
  return ShardCount::refused_tokens;
}

}  // namespace headrace::net

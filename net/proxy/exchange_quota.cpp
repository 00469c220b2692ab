#include "net/proxy/exchange_quota.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/event_log.h"
#include "net/proxy/target_hold.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using policy::config::LimitMeasure;

namespace {

// Output is counted by its events and bytes until the provider says how much it was: a cut comes
// only where that is surely above what the request was let.
constexpr std::int64_t kSlackTokens = 64;
// More than any text's tokens have on the average; those of English have four or five.
constexpr std::uint64_t kBytesOfATokenMax = 32;

}  // namespace

policy::ChainQuestion ExchangeQuota::question(policy::QuotaStage stage, std::string_view model) {
  return {.config = &config_->view(),
          .windows = &config_->calendar_windows(),
          .stage = stage,
          .model = model,
          .now = shard_->limit_time()};
}

// Keeps what an answer's fields say of budgets that are nearly used up.
void ExchangeQuota::tell_of(const policy::ChainedLimit& limit, std::int64_t amount,
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
void ExchangeQuota::note_budget(const policy::ChainedLimit& limit, std::uint8_t percent) {
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
std::string_view ExchangeQuota::budget_holder(policy::config::ScopeKind scope) const {
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

ShardCount ExchangeQuota::count_of(const policy::QuotaRefusal& refused) {
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

// --- what is left --------------------------------------------------------------------------------

// Of a request that was answered before it took anything.
policy::NearestLimits ExchangeQuota::nearest_limits() {
  policy::NearestLimits nearest;
  if (!shard_->limits || !caller_.known()) return nearest;
  policy::LimitChain& chain = shard_->limit_chain;
  for (const auto stage : {policy::QuotaStage::admit, policy::QuotaStage::reserve}) {
    chain.clear();
    const policy::ChainQuestion ask = question(stage, {});
    policy::chain_limits(ask, caller_, chain);
    for (const policy::ChainedLimit& limit : chain.limits())
      nearest.consider(limit, shard_->limits->read(limit.terms, ask.now));
  }
  return nearest;
}

// What this request has used for certain when its answer's head is written: by the provider's word,
// where it came with the head; else its prompt.
policy::Consumption ExchangeQuota::used_so_far() {
  if (answer_.local || status_ >= 400 || call_.target == nullptr) return {};
  const policy::Usage usage = answer_.body.meter().usage();
  if (usage.source == policy::UsageSource::provider) {
    return {.input = usage.in_total(), .output = usage.out_total()};
  }
  if (!text_counted_) return {};
  return {.input = likely_prompt_tokens()};
}

// Of all answers together, under hard limits of whomever; 0: there is none.
std::int64_t ExchangeQuota::output_max() const {
  const std::int64_t of_caller = quota_ == nullptr ? 0 : quota_->output_max;
  const std::int64_t of_target = call_.limits == nullptr ? 0 : call_.limits->output_max;
  return of_caller == 0 || of_target == 0 ? std::max(of_caller, of_target)
                                          : std::min(of_caller, of_target);
}

// The provider was told where to end, and goes on.
bool ExchangeQuota::output_used_up() {
  if (quota_ != nullptr && quota_->output_max != 0 &&
      quota_->limits_of_config != shard_->config->number()) {
    look_at_limits_again();
  }
  const std::int64_t most = output_max();
  if (most == 0) return false;
  const policy::StreamMeter* stream = answer_.body.meter().stream();
  if (stream == nullptr || stream->end() != policy::StreamEnd::open) return false;
  const auto counted = static_cast<std::int64_t>(
      std::max<std::uint64_t>(stream->output_events(), stream->output_bytes() / kBytesOfATokenMax));
  if (counted > most + most / 4 + kSlackTokens) return true;
  return stream->finish_reason() == policy::FinishReason::none &&
         stream->output_tokens_said() > most;
}

// Another config holds since it began: limits that were lowered beneath what this request holds of
// them let it go on for what they still bear.
void ExchangeQuota::look_at_limits_again() {
  const ShardConfig& before = *config_;
  ShardConfig& now = *shard_->config;
  quota_->limits_of_config = now.number();
  const auto caller = now.view().scopes().find_again(caller_, before.view().scopes());
  if (!caller) return;
  const std::string_view model = request_.model.text();
  policy::LimitChain& chain = shard_->limit_chain;
  chain.clear();
  const core::LimitTime time = shard_->limit_time();
  policy::chain_limits({.config = &now.view(),
                        .windows = &now.calendar_windows(),
                        .stage = policy::QuotaStage::reserve,
                        .model = model,
                        .now = time},
                       *caller, chain);
  policy::ChainAmounts debts{};
  for (std::size_t i = 0; i < chain.size(); ++i)
    debts[i] = shard_->limits->read(chain[i].terms, time).debt;
  policy::ReserveQuestion ask;
  ask.input = quota_->input_max;
  if (call_.price != nullptr) ask.rates = call_.price->rates;
  const auto borne = policy::output_still_borne(quota_->reserved, chain,
                                                std::span(debts).first(chain.size()), ask);
  if (!borne || borne->output >= quota_->output_max) return;
  // 0 would say that it has no bound.
  quota_->output_max = std::max<std::int64_t>(borne->output, 1);
  const std::uint64_t decided = chain[borne->decided].terms.identity;
  chain.clear();
  policy::chain_limits(question(policy::QuotaStage::reserve, model), caller_, chain);
  const auto own =
      std::ranges::find(chain.limits(), decided,
                        [](const policy::ChainedLimit& limit) { return limit.terms.identity; });
  if (own != chain.limits().end()) quota_->capped_by = own->rule;
}

// --- given back ----------------------------------------------------------------------------------

// `used`: what the provider charges for; null: the attempt failed. Its requests count all the same,
// once the provider may have all of it: it counts them too.
void ExchangeQuota::settle_target(UpstreamCall& call, const policy::Consumption* used) {
  if (call.limits == nullptr) return;
  core::Permit& permit = call.limits->taken.permit;
  std::array<std::int64_t, core::kDemandsMax> amounts{};
  for (std::size_t i = 0; i < permit.size(); ++i) {
    const bool counted = call.limits->taken.measures[i] == LimitMeasure::requests;
    amounts[i] = counted && call.may_be_whole() ? permit.reserved(i)
                 : used != nullptr              ? used->of(call.limits->taken.measures[i])
                                                : 0;
    amounts[i] = std::min(amounts[i], core::kCreditMax);
  }
  permit.settle(std::span(amounts).first(permit.size()), shard_->limit_time());
  shard_->target_holds.destroy(*std::exchange(call.limits, nullptr));
}

}  // namespace headrace::net

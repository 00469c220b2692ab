// The settle stage: what a request used, what that costs and whom.
#include <algorithm>
#include <array>
#include <utility>

#include "core/planted_bug.h"
#include "net/cache/cache_session.h"
#include "net/proxy/exchange_account.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/price/cost.h"

namespace headrace::net {

// Whether the provider may charge for this request: it has begun to answer it, or may have all of
// it, and did not refuse. What is free is charged only where the provider says that it is not.
bool ExchangeAccount::is_charged() const {
  if (tries_.requests_sent == 0) return false;
  if (is_free() && answer_.body.meter().usage().source != policy::UsageSource::provider) {
    return false;
  }
  // What the provider said, whatever the client has heard: of that nothing, or another's word.
  const std::uint16_t status = tries_.made[call_.entry].status;
  if (!answer_.local && status != 0) return status < 400;
  if (failure_ != UpstreamFailure::none) return call_.sent && is_timeout(failure_);
  if (core::planted(core::PlantedBug::last_bytes_forgotten)) return unsent_ && call_.sent;
  return unsent_ && call_.may_be_whole();
}

// What it used: the provider's word, else what passed, with the prompt as it was estimated.
policy::Usage ExchangeAccount::usage_charged() {
  policy::Usage usage = answer_.body.meter().usage();
  if (usage.source == policy::UsageSource::provider || !text_counted_ || route_ == nullptr) {
    return usage;
  }
  std::int64_t prompt = prompt_.text_tokens + prompt_.media_tokens;
  if (call_.target != nullptr) prompt = likely_prompt_tokens();
  if (usage.in_total() == 0) usage.in_fresh = prompt;
  // An answer that came whole and said nothing of its usage may have been as long as it was let.
  const bool whole = !answer_.cut && !answer_.local && !answer_.body.meter().active();
  const bool said = !answer_.streaming && usage.out_total() > 0;
  if (whole && !said) usage.out_text = std::max(usage.out_text, output_max());
  usage.source = policy::UsageSource::estimated;
  return usage;
}

policy::Usage ExchangeAccount::usage_uncharged() const {
  if (!served_from_cache()) return answer_.body.meter().usage();
  policy::Usage saved = cache_->note.usage;
  saved.source = policy::UsageSource::cache;
  return saved;
}

// Runs exactly once, for every request.
void ExchangeAccount::settle() {
  const bool charged = is_charged();
  usage_ = charged ? usage_charged() : usage_uncharged();
  call_.price = policy::price_in_tier(config_->view().quota(), call_.price, call_.tier_prices,
                                      usage_.service_tier.view());
  cost_ = core::MicroUsd{0};
  if (charged && passthrough_ != nullptr) {
    cost_ = core::MicroUsd{static_cast<std::int64_t>(passthrough_->request_micro_usd)};
  } else if (charged && call_.price != nullptr) {
    cost_ = policy::cost_of(usage_, call_.price->rates);
  }
  policy::Consumption used;
  if (charged) {
    used = {.input = usage_.in_total(), .output = usage_.out_total(), .micro_usd = cost_.count()};
  }
  settle_target(call_, charged ? &used : nullptr);
  const policy::LostCost lost = lost_cost_charged();
  used.input += lost.input_tokens;
  used.micro_usd += lost.micro_usd;
  cost_ = core::MicroUsd{used.micro_usd};
  shard_->counters.add(ShardCount::tokens_charged,
                       static_cast<std::uint64_t>(used.input + used.output));
  shard_->counters.add(ShardCount::micro_usd_charged, static_cast<std::uint64_t>(used.micro_usd));
  if (charged && text_counted_ && call_.target != nullptr) learn_from_answer();
  if (quota_ == nullptr) return;
  settle_limits(charged || lost.any() ? &used : nullptr);
  shard_->quota_holds.destroy(*std::exchange(quota_, nullptr));
}

// Of attempts that may have cost something besides the one whose answer was heard, as far as the
// caller pays for them.
policy::LostCost ExchangeAccount::lost_cost_charged() const {
  using policy::LostAttempts;
  if (route_ == nullptr) return {};
  if (config_->view().resilience(*route_).lost_attempts == LostAttempts::absorbed) return {};
  return policy::cost_of_lost(std::span(tries_.made).first(tries_.count), call_.entry);
}

// `used`: null, if it is not charged.
void ExchangeAccount::settle_limits(const policy::Consumption* used) {
  // Whom we turned away has not had its request: who comes again in time is not counted twice.
  const bool turned_away = answer_.local && tries_.requests_sent == 0 &&
                           (status_ == 402 || status_ == 429 || status_ == 503);
  turned_away ? quota_->admitted.permit.refund() : quota_->admitted.permit.settle_as_reserved();
  core::Permit& permit = quota_->reserved.permit;
  if (permit.empty()) return;
  if (used == nullptr) {
    permit.refund();
    return;
  }
  std::array<std::int64_t, core::kDemandsMax> amounts{};
  bool overrun = false;
  for (std::size_t i = 0; i < permit.size(); ++i) {
    const policy::config::LimitMeasure measure = quota_->reserved.measures[i];
    const bool counted = measure == policy::config::LimitMeasure::requests;
    amounts[i] = std::min(counted ? permit.reserved(i) : used->of(measure), core::kCreditMax);
    const std::int64_t beyond = amounts[i] - permit.reserved(i);
    if (beyond <= 0 || measure == policy::config::LimitMeasure::concurrent) continue;
    // A soft one is meant to be exceeded by one in twenty.
    if ((quota_->reserved.soft >> i & 1U) == 0) overrun = true;
    const bool money = measure == policy::config::LimitMeasure::micro_usd;
    shard_->counters.add(money ? ShardCount::micro_usd_overrun : ShardCount::tokens_overrun,
                         static_cast<std::uint64_t>(beyond));
  }
  if (overrun) shard_->counters.add(ShardCount::reserve_overruns);
  permit.settle(std::span(amounts).first(permit.size()), shard_->limit_time());
}

void ExchangeAccount::learn_from_answer() {
  if (usage_.source != policy::UsageSource::provider || answer_.cut) return;
  policy::ModelHistory& history = learned();
  if (prompt_.media_tokens_max == 0 && !prompt_.unbounded) {
    history.learn_prompt(prompt_.text_tokens, usage_.in_total());
  }
  history.learn_output(usage_.out_total());
}

}  // namespace headrace::net

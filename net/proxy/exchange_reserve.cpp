// The reserve stage of an exchange: tokens and money of its caller. How much that is stands in
// exchange_estimate.cpp.
#include <array>

#include "net/proxy/exchange.h"
#include "net/proxy/target_hold.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/body/request_edits.h"
#include "policy/quota/reservation.h"

namespace headrace::net {

using policy::MessageId;
using policy::Reason;
using policy::Verdict;
using policy::config::LimitMeasure;

namespace {

// Another shard may have taken meanwhile what was just read.
constexpr int kTriesMax = 4;

}  // namespace

Verdict Exchange::reserve() {
  if (wait_.seat != nullptr) {
    if (!has_turn()) return stop_queueing();
    // What had no room then may have it now, and the other way round.
    if (!choose_target()) return Verdict::reply;
  }
  std::array<char, policy::kModelBytesMax> scratch;
  const std::string_view model = limited_model(scratch);
  if (wait_.seat != nullptr && !aim(model)) return Verdict::reply;
  look_at_target(model);
  if (!shard_->limits) return Verdict::go;
  // On the way to another target what was reserved stays: it was the most of any of the route.
  if (quota_ != nullptr && quota_->reserved.permit.empty()) {
    if (const Verdict verdict = reserve_of_caller(model); verdict != Verdict::go) return verdict;
  }
  return take_of_target(model);
}

Verdict Exchange::reserve_of_caller(std::string_view model) {
  policy::LimitChain& chain = shard_->limit_chain;
  chain.clear();
  policy::chain_limits(question(policy::QuotaStage::reserve, model), caller_, chain);
  if (chain.empty()) return Verdict::go;
  if (passthrough_ != nullptr) {
    const policy::ChainAmounts amounts = passthrough_amounts(chain);
    return conclude(
        chain, amounts, quota_->reserved,
        policy::take(*shard_->limits, chain, amounts, shard_->limit_time(), quota_->reserved));
  }
  policy::ReserveQuestion ask = reserve_question();
  const policy::TargetPrices known = prices();
  bool priced = true;
  // Whichever target answers in the end, it must be paid for, by its price and its way to count.
  for (const policy::config::Target& target : config_->view().targets(*route_)) {
    if (!config_->view().may_use(caller_, config_->view().provider(target))) continue;
    const bool asked_first = &target == call_.target;
    const auto* price = asked_first ? call_.price : known.of(target, model);
    if (!asked_first) raise_for(ask, target, price, model);
    if (price == nullptr) {
      priced = false;
    } else if (!is_free()) {
      known.raise(ask.rates, target, model, *price);
    }
  }
  return is_bounded(chain, priced) ? reserve(chain, ask) : Verdict::reply;
}

// Under a hard limit on money a cost must have a bound. False: it has none, and the request is
// answered.
bool Exchange::is_bounded(const policy::LimitChain& chain, bool priced) {
  if (!policy::limits_money_hard(chain) || is_free()) return true;
  const policy::BodyFacts& facts = message_->facts;
  const bool unbounded =
      prompt_.unbounded || facts.previous_response_id.given || facts.names_stored();
  if (priced && !unbounded) return true;
  shard_->counters.add(ShardCount::refused_unbounded);
  reply(Reason::budget_exhausted, priced ? MessageId::cost_unbounded : MessageId::price_missing);
  return false;
}

Verdict Exchange::reserve(const policy::LimitChain& chain, const policy::ReserveQuestion& ask) {
  const core::LimitTime now = shard_->limit_time();
  policy::ChainAmounts left{};
  for (int tries = 1;; ++tries) {
    for (std::size_t i = 0; i < chain.size(); ++i)
      left[i] = shard_->limits->read(chain[i].terms, now).remaining;
    policy::Reservation plan =
        policy::plan_reservation(chain, std::span(left).first(chain.size()), ask);
    const auto refused = policy::take(*shard_->limits, chain, plan.amounts, now, quota_->reserved);
    if (refused && tries < kTriesMax && refused->cause == core::RefusalCause::spent) {
      const auto decided = static_cast<std::size_t>(refused->limit - chain.limits().data());
      if (plan.amounts[decided] <= left[decided]) continue;
    }
    const Verdict verdict = conclude(chain, plan.amounts, quota_->reserved, refused);
    if (verdict != Verdict::go) return verdict;
    quota_->output_max = plan.output;
    quota_->input_max = ask.input;
    quota_->limits_of_config = config_->number();
    if (plan.capped_by) quota_->capped_by = chain[*plan.capped_by].rule;
    if (plan.write_cap) quota_->output_cap = plan.output_cap;
    return Verdict::go;
  }
}

// Into the edits of this try; each has its own. That of the target is never above the caller's.
Verdict Exchange::write_output_cap() {
  std::optional<std::int64_t> cap;
  if (quota_ != nullptr) cap = quota_->output_cap;
  if (call_.limits != nullptr && call_.limits->output_cap) cap = call_.limits->output_cap;
  if (!cap) return Verdict::go;
  if (tries_.count == 0) shard_->counters.add(ShardCount::caps_written);
  if (policy::set_output_cap(message_->edits, message_->facts, request_.match.endpoint, *cap)) {
    return Verdict::go;
  }
  reply(Reason::invalid_body, MessageId::body_not_adaptable);
  return Verdict::reply;
}

}  // namespace headrace::net

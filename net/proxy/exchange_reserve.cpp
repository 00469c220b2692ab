// The reserve stage of an exchange: tokens and money of its caller, and what it would take of a
// target.
#include <algorithm>
#include <array>

#include "net/proxy/exchange.h"
#include "net/proxy/target_hold.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/body/request_edits.h"
#include "policy/price/cost.h"
#include "policy/quota/quota_refusal_text.h"
#include "policy/quota/reservation.h"

namespace headrace::net {

using policy::Endpoint;
using policy::MessageId;
using policy::Reason;
using policy::Verdict;
using policy::config::LimitMeasure;

namespace {

// Another shard may have taken meanwhile what was just read.
constexpr int kTriesMax = 4;

// Asking these costs nothing.
bool is_free(Endpoint endpoint) {
  return endpoint == Endpoint::count_tokens || endpoint == Endpoint::gemini_count_tokens ||
         endpoint == Endpoint::responses_input_tokens || endpoint == Endpoint::moderations;
}

std::int64_t image_tokens_max(const policy::config::Price* price) {
  return price == nullptr ? policy::kImageTokensMax
                          : static_cast<std::int64_t>(price->image_tokens_max);
}

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

void Exchange::look_at_target(std::string_view model) {
  call_.price = nullptr;
  if (passthrough_ == nullptr) {
    const policy::TargetPrices known = prices();
    call_.price = known.of(*call_.target, model);
    if (call_.price != nullptr) call_.tier_prices = known.tiers(*call_.target, model);
  }
  if (!text_counted_) return;
  prompt_ = policy::estimate_prompt(message_->scan.text_counts(message_->body()),
                                    image_tokens_max(call_.price));
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
  policy::ReserveQuestion ask = reserve_question(model);
  const policy::TargetPrices known = prices();
  bool priced = true;
  // Whichever target answers in the end, it must be paid for, by its price and its way to count.
  for (const policy::config::Target& target : config_->view().targets(*route_)) {
    if (!config_->view().may_use(caller_, config_->view().provider(target))) continue;
    const policy::config::Price* price = known.of(target, model);
    if (&target != call_.target) raise_for(ask, target, price, model);
    if (price == nullptr) {
      priced = false;
    } else if (!is_free(request_.match.endpoint)) {
      known.raise(ask.rates, target, model);
    }
  }
  return is_bounded(chain, priced) ? reserve(chain, ask) : Verdict::reply;
}

// The price of the whole request is in the config; its tokens nobody can tell.
policy::ChainAmounts Exchange::passthrough_amounts(const policy::LimitChain& chain) const {
  policy::ChainAmounts amounts{};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const LimitMeasure measure = chain[i].rule->measure;
    if (measure == LimitMeasure::micro_usd) {
      amounts[i] = static_cast<std::int64_t>(passthrough_->request_micro_usd);
    } else if (measure == LimitMeasure::requests || measure == LimitMeasure::concurrent) {
      amounts[i] = 1;
    }
  }
  return amounts;
}

// Under a hard limit on money a cost must have a bound. False: it has none, and the request is
// answered.
bool Exchange::is_bounded(const policy::LimitChain& chain, bool priced) {
  if (!policy::limits_money_hard(chain) || is_free(request_.match.endpoint)) return true;
  const policy::BodyFacts& facts = message_->facts;
  const bool unbounded =
      prompt_.unbounded || facts.previous_response_id.given || facts.stored_reference;
  if (priced && !unbounded) return true;
  shard_->counters.add(ShardCount::refused_unbounded);
  reply(Reason::budget_exhausted, priced ? MessageId::cost_unbounded : MessageId::price_missing);
  return false;
}

// But for the prices.
policy::ReserveQuestion Exchange::reserve_question(std::string_view model) {
  policy::ReserveQuestion ask;
  const policy::BodyFacts& facts = message_->facts;
  const policy::ModelHistory& history = learned(*call_.target, model);
  if (!is_free(request_.match.endpoint)) {
    ask.input = history.prompt_tokens_max(prompt_, policy::kHardQuantile);
    ask.input_soft = history.prompt_tokens_max(prompt_, policy::kSoftQuantile);
  }
  ask.has_output = policy::generates(request_.match.endpoint);
  ask.output_cap = facts.output_cap_given();
  ask.answers = facts.answers_billed();
  ask.output_default =
      static_cast<std::int64_t>(config_->view().quota().settings().output_tokens_default);
  ask.output_soft = history.output_tokens_max(policy::kSoftQuantile);
  return ask;
}

// To what the target's model makes of the same prompt, and how long its answers are.
void Exchange::raise_for(policy::ReserveQuestion& ask, const policy::config::Target& target,
                         const policy::config::Price* price, std::string_view model) {
  const policy::ModelHistory& history = learned(target, model);
  ask.output_soft = std::max(ask.output_soft, history.output_tokens_max(policy::kSoftQuantile));
  if (!text_counted_ || is_free(request_.match.endpoint)) return;
  const policy::PromptEstimate prompt = policy::estimate_prompt(
      message_->scan.text_counts(message_->body()), image_tokens_max(price));
  ask.input = std::max(ask.input, history.prompt_tokens_max(prompt, policy::kHardQuantile));
  ask.input_soft =
      std::max(ask.input_soft, history.prompt_tokens_max(prompt, policy::kSoftQuantile));
}

// Of the target that is asked, while its provider has not said.
std::int64_t Exchange::likely_prompt_tokens() {
  return learned(*call_.target, request_.model.text()).prompt_tokens(prompt_);
}

// An answer is never shortened because others have used up the minute: its target is passed over,
// or it waits. What a day or a month has left is all that there will be.
policy::Reservation Exchange::plan_for_target(const policy::LimitChain& chain,
                                              std::string_view model) {
  policy::ReserveQuestion ask = reserve_question(model);
  if (call_.price != nullptr && !is_free(request_.match.endpoint)) {
    prices().raise(ask.rates, *call_.target, model);
  }
  if (quota_ != nullptr && quota_->output_cap) ask.output_cap = quota_->output_cap;
  policy::ChainAmounts left{};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const core::LimitTerms& terms = chain[i].terms;
    left[i] = terms.kind == core::WindowKind::calendar
                  ? shard_->limits->read(terms, shard_->limit_time()).remaining
                  : terms.credit;
  }
  policy::Reservation plan =
      policy::plan_reservation(chain, std::span(left).first(chain.size()), ask);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const LimitMeasure measure = chain[i].rule->measure;
    const bool counted = measure == LimitMeasure::requests || measure == LimitMeasure::concurrent;
    if (counted) plan.amounts[i] = 1;
  }
  return plan;
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

// Of all answers together, under hard limits of whomever; 0: there is none.
std::int64_t Exchange::output_max() const {
  const std::int64_t of_caller = quota_ == nullptr ? 0 : quota_->output_max;
  const std::int64_t of_target = call_.limits == nullptr ? 0 : call_.limits->output_max;
  return of_caller == 0 || of_target == 0 ? std::max(of_caller, of_target)
                                          : std::min(of_caller, of_target);
}

policy::TargetPrices Exchange::prices() const {
  return {config_->view(), shard_->io->wall_now().unix_nanos / 1'000'000'000};
}

// What the answers of the target's model have taught this shard.
policy::ModelHistory& Exchange::learned(const policy::config::Target& target,
                                        std::string_view model) {
  const policy::config::ConfigView& view = config_->view();
  const std::string_view own = view.text(target.model);
  return shard_->learned_models->of(view.text(view.provider(target).name),
                                    own.empty() ? model : own);
}

}  // namespace headrace::net

// What a request may take: its prompt as it is estimated, its answer, and their price.
#include <algorithm>

#include "net/proxy/exchange_quota.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using policy::config::LimitMeasure;

namespace {

std::int64_t image_tokens_max(const policy::config::Price* price) {
  return price == nullptr ? policy::kImageTokensMax
                          : static_cast<std::int64_t>(price->image_tokens_max);
}

}  // namespace

// Asking these costs nothing.
bool ExchangeQuota::is_free() const {
  using enum policy::Endpoint;
  const policy::Endpoint asked = request_.match.endpoint;
  return asked == count_tokens || asked == gemini_count_tokens || asked == responses_input_tokens ||
         asked == moderations;
}

policy::TargetPrices ExchangeQuota::prices() const {
  return {config_->view(), shard_->io->wall_now().unix_nanos / 1'000'000'000};
}

// By what the shard knows the target's model.
std::uint64_t ExchangeQuota::learned_key(const policy::config::Target& target,
                                         std::string_view model) const {
  const policy::config::ConfigView& view = config_->view();
  const std::string_view own = view.text(target.model);
  return policy::LearnedModels::key_of(view.text(view.provider(target).name),
                                       own.empty() ? model : own);
}

// What the answers of the model that is asked have taught this shard.
policy::ModelHistory& ExchangeQuota::learned() {
  if (call_.learned == 0) call_.learned = learned_key(*call_.target, request_.model.text());
  return shard_->learned_models->of(call_.learned);
}

void ExchangeQuota::look_at_target(std::string_view model) {
  call_.price = nullptr;
  call_.learned = 0;
  if (passthrough_ == nullptr) {
    const policy::TargetPrices known = prices();
    call_.price = known.of(*call_.target, model);
    if (call_.price != nullptr) call_.tier_prices = known.tiers(*call_.target, model);
  }
  if (!text_counted_) return;
  prompt_ = policy::estimate_prompt(message_->scan.text_counts(message_->body()),
                                    image_tokens_max(call_.price));
}

// Of the target that is asked, while its provider has not said.
std::int64_t ExchangeQuota::likely_prompt_tokens() {
  return learned().prompt_tokens(prompt_);
}

std::int64_t ExchangeQuota::likely_prompt_tokens(const UpstreamCall& call) {
  if (!text_counted_ || call.target == nullptr) return 0;
  const std::uint64_t key = learned_key(*call.target, request_.model.text());
  return shard_->learned_models->of(key).prompt_tokens(prompt_);
}

// The price of the whole request is in the config; its tokens nobody can tell.
policy::ChainAmounts ExchangeQuota::passthrough_amounts(const policy::LimitChain& chain) const {
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

// But for the prices.
policy::ReserveQuestion ExchangeQuota::reserve_question() {
  policy::ReserveQuestion ask;
  const policy::BodyFacts& facts = message_->facts;
  const policy::ModelHistory& history = learned();
  if (!is_free()) {
    ask.input = history.prompt_tokens_max(prompt_, policy::kHardQuantile);
    ask.input_soft = history.prompt_tokens_max(prompt_, policy::kSoftQuantile);
  }
  ask.has_output = policy::generates(request_.match.endpoint);
  ask.output_cap = facts.output_cap_given();
  if (facts.thinking_budget > 0) ask.output_least = facts.thinking_budget + 1;
  ask.answers = facts.answers_billed();
  ask.output_default =
      static_cast<std::int64_t>(config_->view().quota().settings().output_tokens_default);
  ask.output_soft = history.output_tokens_max(policy::kSoftQuantile);
  return ask;
}

// To what the target's model makes of the same prompt, and how long its answers are.
void ExchangeQuota::raise_for(policy::ReserveQuestion& ask, const policy::config::Target& target,
                              const policy::config::Price* price, std::string_view model) {
  const policy::ModelHistory& history = shard_->learned_models->of(learned_key(target, model));
  ask.output_soft = std::max(ask.output_soft, history.output_tokens_max(policy::kSoftQuantile));
  if (!text_counted_ || is_free()) return;
  const policy::PromptEstimate prompt = policy::estimate_prompt(
      message_->scan.text_counts(message_->body()), image_tokens_max(price));
  ask.input = std::max(ask.input, history.prompt_tokens_max(prompt, policy::kHardQuantile));
  ask.input_soft =
      std::max(ask.input_soft, history.prompt_tokens_max(prompt, policy::kSoftQuantile));
}

// An answer is never shortened because others have used up the minute: its target is passed over,
// or it waits. What a day or a month has left is all that there will be.
policy::Reservation ExchangeQuota::plan_for_target(const policy::LimitChain& chain,
                                                   std::string_view model) {
  policy::ReserveQuestion ask = reserve_question();
  if (call_.price != nullptr && !is_free()) {
    prices().raise(ask.rates, *call_.target, model, *call_.price);
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

}  // namespace headrace::net

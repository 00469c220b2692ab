#include "net/proxy/exchange_attempts.h"

#include <algorithm>

#include "core/event_log.h"
#include "core/planted_bug.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_pool.h"
#include "policy/dialect/provider_hints.h"
#include "policy/price/cost.h"
#include "policy/resilience/hedge.h"

namespace headrace::net {

using policy::AttemptEnd;
using policy::BreakerEvent;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kBytesPerToken = 4;

constexpr AttemptEnd end_of(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::none:
      return AttemptEnd::answered;
    case UpstreamFailure::no_address:
      return AttemptEnd::no_address;
    case UpstreamFailure::descriptors:
    case UpstreamFailure::pool_timeout:
    case UpstreamFailure::no_memory:
      return AttemptEnd::gateway_short;
    case UpstreamFailure::connect_refused:
    case UpstreamFailure::tls:
    case UpstreamFailure::egress:
      return AttemptEnd::connect_failed;
    case UpstreamFailure::connect_timeout:
      return AttemptEnd::connect_timeout;
    case UpstreamFailure::closed_early:
      return AttemptEnd::closed_early;
    case UpstreamFailure::first_byte_timeout:
      return AttemptEnd::first_byte_timeout;
    case UpstreamFailure::gap_timeout:
      return AttemptEnd::gap_timeout;
    case UpstreamFailure::total_timeout:
      return AttemptEnd::total_timeout;
    case UpstreamFailure::invalid_answer:
      return AttemptEnd::invalid_answer;
    case UpstreamFailure::beaten:
      return AttemptEnd::beaten;
    case UpstreamFailure::truncated:
    case UpstreamFailure::event_too_large:
    case UpstreamFailure::count:
      return AttemptEnd::truncated;
  }
  return AttemptEnd::truncated;
}

}  // namespace

// --- another one ---------------------------------------------------------------------------------

const policy::RetryRules& ExchangeAttempts::retry_rules() const {
  return config_->view().resilience(*route_).retry;
}

// For limits of a provider that it tells itself: what the body may be.
std::uint64_t ExchangeAttempts::likely_tokens() const {
  return message_ == nullptr ? 0 : message_->body_bytes / kBytesPerToken;
}

TargetQuestion ExchangeAttempts::target_question() const {
  return {.caller = &caller_,
          .tried = tries_.targets,
          .tokens = likely_tokens(),
          .exclusive_only = !stored_reference().empty()};
}

bool ExchangeAttempts::may_try_again() const {
  // Who brings a key of his own to the provider hears of its limits himself.
  return route_ != nullptr && !streams_up_ && !brings_own_key_ &&
         tries_.count < retry_rules().tries && tries_.count < policy::kAttemptsMax;
}

// Its next try may go to another target or show another key: then its head is written anew, and the
// one that the client sent must stay.
bool ExchangeAttempts::goes_elsewhere() const {
  if (!may_try_again()) return false;
  const auto targets = config_->view().targets(*route_);
  // What it takes of its target's limits is taken anew for each try.
  return targets.size() > 1 || call_.pool->provider().keys.size() > 1 || call_.limits != nullptr;
}

bool ExchangeAttempts::may_hedge() const {
  if (route_ == nullptr || message_ == nullptr || tries_.hedged) return false;
  const policy::config::ConfigView& view = config_->view();
  return policy::may_hedge(view.resilience(*route_).hedge,
                           {.tries = tries_.count,
                            .tries_max = retry_rules().tries,
                            .targets = static_cast<std::uint32_t>(view.targets(*route_).size()),
                            // Written apart, so that the head as it came is still there.
                            .body_held = !streams_up_ && static_cast<bool>(message_->head_block),
                            .own_key = brings_own_key_,
                            .leaves_something = leaves_something()});
}

// At the provider, whoever's answer is heard.
bool ExchangeAttempts::leaves_something() const {
  if (!stored_reference().empty()) return true;
  if (request_.match.endpoint != policy::Endpoint::responses) return false;
  if (message_->facts.store.given) return false;
  const policy::config::ConfigView& view = config_->view();
  return std::ranges::any_of(view.targets(*route_), [&](const policy::config::Target& target) {
    return view.provider(target).exclusive == policy::config::Switch::on;
  });
}

// --- one of them ---------------------------------------------------------------------------------

// What its answer's head says of the provider, whatever the answer is.
void ExchangeAttempts::learn_from_head(UpstreamCall& call, const http::ResponseHead& head) {
  const core::Instant now = shard_->now();
  tries_.made[call.entry].status = head.status;
  if (refuses_our_key(head.status)) note_refused_key(call);
  policy::HintReader reader(shard_->io->wall_now().unix_nanos / 1'000'000);
  for (const http::Field& field : head.fields)
    reader.field(field.name, field.value);
  const policy::ProviderHints hints = reader.hints();
  if (!brings_own_key_) config_->targets().learn(call.hold, hints, now);
  call.never_again = hints.should_retry == false;
  if (head.status < 400) {
    config_->targets().first_byte(call.hold, answer_.first_byte_at - call.sent_at, now);
    return;
  }
  call.patience_ms = hints.retry_after_ms.value_or(0);
  if (hints.retry_after_ms) return;
  for (const auto& window : hints.windows) {
    if (window && window->remaining == 0)
      call.patience_ms = std::max(call.patience_ms, window->reset_ms);
  }
}

// How the answer that has come, or as far as it came, is to be called.
AttemptEnd ExchangeAttempts::end_of_answer() {
  if (const auto* stream = answer_.body.meter().stream();
      stream != nullptr && stream->end() == policy::StreamEnd::failed) {
    return AttemptEnd::stream_error;
  }
  const AttemptEnd end = policy::end_of_status(tries_.made[call_.entry].status);
  const policy::ProviderErrorReader* error = answer_.body.meter().error();
  if (error == nullptr) return end;
  if (error->retry_after_ms())
    call_.patience_ms = std::max(call_.patience_ms, *error->retry_after_ms());
  if (end == AttemptEnd::rate_limited && error->account_spent()) return AttemptEnd::account_spent;
  return body_refuses_our_key() ? AttemptEnd::key_refused : end;
}

bool ExchangeAttempts::body_tells_of_our_key() const {
  const policy::config::Provider& provider = *call_.pool->provider().row;
  return !brings_own_key_ &&
         policy::is_google(provider.dialect, config_->view().text(provider.host));
}

bool ExchangeAttempts::body_refuses_our_key() const {
  const policy::ProviderErrorReader* error = answer_.body.meter().error();
  return error != nullptr && error->key_refused() &&
         may_refuse_our_key(tries_.made[call_.entry].status);
}

// Somebody has to mend that, and soon.
void ExchangeAttempts::note_refused_key(const UpstreamCall& call) {
  shard_->counters.add(ShardCount::keys_refused);
  const ProviderLink& provider = call.pool->provider();
  const std::string_view key = provider.keys[call.hold.key].name;
  HEADRACE_EVENT(error, "provider {} does not take our key ({}): it is wrong, or revoked",
                 provider.name, key.empty() ? "its only one" : key);
}

AttemptEnd ExchangeAttempts::end_of_failure(UpstreamFailure failure) const {
  // Nothing of a body was seen where not even the head was whole.
  const bool within_head = failure == UpstreamFailure::truncated && !answer_.started;
  return end_of(within_head ? UpstreamFailure::closed_early : failure);
}

void ExchangeAttempts::judge_attempt(UpstreamCall& call, AttemptEnd end) {
  // A key that the client brought is not one of ours to be benched.
  if (brings_own_key_ && policy::row(end).blame == policy::Blame::key) end = AttemptEnd::refused;
  const auto judged = config_->targets().judge(call.hold, end, call.patience_ms, shard_->now());
  count(judged.events);
  if (judged.benched) shard_->counters.add(ShardCount::keys_benched);
}

void ExchangeAttempts::end_attempt(UpstreamCall& call, AttemptEnd end, UpstreamFailure failure) {
  if (!call.hold.under_way) return;
  judge_attempt(call, end);
  decide(policy::Stage::upstream, policy::Decided::passed, policy::row(end).name,
         config_->snapshot().providers()[call.provider].name);
  const bool beaten = end == AttemptEnd::beaten;
  if (!beaten || !core::planted(core::PlantedBug::beaten_call_counted)) {
    config_->targets().end(call.hold);
  }
  policy::Attempt& entry = tries_.made[call.entry];
  entry.end = end;
  entry.duration_ms = static_cast<std::uint32_t>(
      std::chrono::duration_cast<milliseconds>(shard_->now() - call.begun_at).count());
  // What has timed out was not even taken by the kernel, as long as it was not sent.
  const bool has_it = beaten ? call.may_be_whole() : call.sent;
  if (policy::row(end).may_cost && has_it && !is_free()) {
    policy::Usage usage;
    usage.in_fresh = likely_prompt_tokens(call);
    entry.input_tokens = static_cast<std::uint32_t>(usage.in_fresh);
    if (call.price != nullptr) {
      entry.cost_micro_usd =
          static_cast<std::uint64_t>(policy::cost_of(usage, call.price->rates).count());
    }
  }
  if (beaten && core::planted(core::PlantedBug::beaten_call_unrecorded)) return;
  note_attempt_end(call, failure);
}

void ExchangeAttempts::count(std::span<const BreakerEvent> events) {
  for (const BreakerEvent event : events) {
    if (event == BreakerEvent::opened || event == BreakerEvent::reopened) {
      shard_->counters.add(ShardCount::breakers_opened);
    } else if (event == BreakerEvent::closed) {
      shard_->counters.add(ShardCount::breakers_closed);
    } else if (event == BreakerEvent::repaired) {
      shard_->counters.add(ShardCount::breakers_repaired);
    }
  }
}

}  // namespace headrace::net

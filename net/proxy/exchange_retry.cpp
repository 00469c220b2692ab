// Attempts at providers: what each of them takes, tells and leaves behind; and the one retry edge,
// from upstream back to route.
//
// A request goes out again only while nothing of an answer was for the client: a failed answer is
// withheld (ExchangeState::judging_answer) until it is known whether it is the last one.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"
#include "policy/dialect/provider_hints.h"
#include "policy/price/cost.h"

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
    case UpstreamFailure::count:
      return AttemptEnd::truncated;
  }
  return AttemptEnd::truncated;
}

}  // namespace

const policy::RetryRules& Exchange::retry_rules() const {
  return config_->view().resilience(*route_).retry;
}

TargetQuestion Exchange::target_question() const {
  return {.caller = &caller_,
          .tried = tries_.targets,
          .tokens = message_->body_bytes / kBytesPerToken,
          .exclusive_only = !stored_reference().empty()};
}

// Its next try may go to another target or show another key: then its head is written anew, and the
// one that the client sent must stay.
bool Exchange::goes_elsewhere() const {
  if (!may_try_again()) return false;
  const auto targets = config_->view().targets(*route_);
  // What it takes of its target's limits is taken anew for each try.
  return targets.size() > 1 || call_.pool->provider().keys.size() > 1 || call_.limits != nullptr;
}

bool Exchange::may_try_again() const {
  // Who brings a key of his own to the provider hears of its limits himself.
  return route_ != nullptr && !streams_up_ && !brings_own_key_ &&
         tries_.count < retry_rules().tries && tries_.count < policy::kAttemptsMax;
}

// --- one attempt ---------------------------------------------------------------------------------

// False: its target is not to be had any more, and the request is answered.
bool Exchange::begin_attempt() {
  const core::Instant now = shard_->now();
  const auto entered = config_->targets().enter(
      call_.hold, call_.target, call_.provider, call_.hold.key,
      message_ == nullptr ? 0 : message_->body_bytes / kBytesPerToken, now);
  count(entered.events);
  if (!entered.go) {
    reply_unavailable(0);
    return false;
  }
  if (route_ != nullptr && tries_.count == 0) {
    config_->targets().budget(*route_).on_request(retry_rules(), now);
  }
  if (call_.target != nullptr) {
    const auto index = call_.target - config_->view().targets(*route_).data();
    tries_.targets = static_cast<std::uint8_t>(tries_.targets | 1U << index);
  }
  call_.begun_at = now;
  call_.patience_ms = 0;
  call_.never_again = false;
  HEADRACE_CHECK(tries_.count < policy::kAttemptsMax);
  call_.entry = tries_.count;
  tries_.made[tries_.count++] = {.provider = static_cast<std::uint16_t>(call_.provider),
                                 .key = call_.hold.key,
                                 .end = AttemptEnd::answered};
  return true;
}

// What its answer's head says of the provider, whatever the answer is.
void Exchange::learn_from_head(UpstreamCall& call, const http::ResponseHead& head) {
  const core::Instant now = shard_->now();
  tries_.made[call.entry].status = head.status;
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
AttemptEnd Exchange::end_of_answer() {
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
  return end;
}

AttemptEnd Exchange::end_of_failure(UpstreamFailure failure) const {
  // Nothing of a body was seen where not even the head was whole.
  const bool within_head = failure == UpstreamFailure::truncated && !answer_.started;
  return end_of(within_head ? UpstreamFailure::closed_early : failure);
}

void Exchange::judge_attempt(UpstreamCall& call, AttemptEnd end) {
  // A key that the client brought is not one of ours to be benched.
  if (brings_own_key_ && policy::row(end).blame == policy::Blame::key) end = AttemptEnd::refused;
  const auto judged = config_->targets().judge(call.hold, end, call.patience_ms, shard_->now());
  count(judged.events);
  if (judged.benched) shard_->counters.add(ShardCount::keys_benched);
}

void Exchange::end_attempt(UpstreamCall& call, AttemptEnd end, UpstreamFailure failure) {
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
  if (policy::row(end).may_cost && (beaten ? call.may_be_whole() : call.sent)) {
    policy::Usage usage;
    usage.in_fresh = prompt_.text_tokens + prompt_.media_tokens;
    entry.input_tokens = static_cast<std::uint32_t>(usage.in_fresh);
    if (call.price != nullptr) {
      entry.cost_micro_usd =
          static_cast<std::uint64_t>(policy::cost_of(usage, call.price->rates).count());
    }
  }
  if (beaten && core::planted(core::PlantedBug::beaten_call_unrecorded)) return;
  note_attempt_end(call, failure);
}

void Exchange::count(std::span<const BreakerEvent> events) {
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

// --- the retry edge ------------------------------------------------------------------------------

// How long to wait before the request goes out again; nothing: it does not. Called once its attempt
// has ended, because that may have changed what is to be had.
std::optional<core::Duration> Exchange::plan_retry(AttemptEnd end) {
  const bool seen = answer_.started && state_ != ExchangeState::judging_answer &&
                    !core::planted(core::PlantedBug::retried_after_first_byte);
  if (seen || call_.forbids(end) || !policy::row(end).retry || !may_try_again() ||
      message_ == nullptr) {
    return std::nullopt;
  }
  const core::Instant now = shard_->now();
  const policy::RetryRules& rules = retry_rules();
  const std::uint64_t random = shard_->io->random();
  const TargetAnswer next = config_->targets().choose(*route_, target_question(), now, random);
  const bool same = next.target == call_.target && next.key == call_.hold.key;
  const bool other_key =
      next.target == call_.target && !same && policy::row(end).blame == policy::Blame::key;
  const bool elsewhere = next.target != nullptr && (!next.tried || other_key);
  std::uint32_t delay_ms = 0;
  if (!elsewhere) {
    if (call_.never_again) return std::nullopt;
    if (next.target == nullptr && next.wait_ms == 0) return std::nullopt;
    // Another try with a key that is not taken would come out the same.
    if (next.last_resort) return std::nullopt;
    // What waits for a reset waits no longer than for a hint.
    const std::uint32_t hint_ms = next.target == nullptr ? next.wait_ms
                                  : same                 ? call_.patience_ms
                                                         : 0;
    const auto backoff = policy::backoff_ms(rules, tries_.count - 1U, hint_ms, random);
    if (!backoff) return std::nullopt;
    delay_ms = *backoff;
  }
  if (now + milliseconds(delay_ms) >= total_deadline_) return std::nullopt;
  if (!config_->targets().budget(*route_).take(rules, now)) {
    shard_->counters.add(ShardCount::retries_denied);
    return std::nullopt;
  }
  shard_->counters.add(elsewhere ? ShardCount::failovers : ShardCount::retries);
  return milliseconds(delay_ms);
}

// Whatever the answer of a call that failed left behind, but for the beginning of a stream that we
// have made ourselves: the next call goes on with that.
void Exchange::forget_answer() {
  answer_.body.drop_held();
  answer_.gathered.reset();
  answer_.gathered_bytes = 0;
  answer_.scan = {};
  answer_.interim_answers = 0;
  failure_ = UpstreamFailure::none;
  answer_.seen = answer_.ended = answer_.bulk = false;
  if (answer_.early) return;
  if (answer_.streaming) {
    answer_.streaming = false;
    shard_->counters.gauges.streams_open.add(-1);
  }
  if (!core::planted(core::PlantedBug::failed_answer_kept)) answer_.out.drop();
  answer_.body.forget();
  status_ = 0;
  answer_.started = false;
}

// Nothing of the attempt is being sent any more.
void Exchange::retry_in(core::Duration delay) {
  forget_answer();
  settle_target(call_, nullptr);
  call_ = {.target = call_.target,
           .price = call_.price,
           .tier_prices = call_.tier_prices,
           .hold = call_.hold,
           .provider = call_.provider,
           .entry = call_.entry};
  if (!message_->written_head.empty() && !message_->head_block) {
    // Written over the one that the client sent: it goes to where it was written for.
    stage_ = policy::Stage::upstream;
  } else {
    message_->written_head = {};
    message_->head_block.reset();
    stage_ = policy::Stage::route;
  }
  park(shard_->now() + delay);
}

// A failed answer is whole, or as much of it has come as is waited for. True: the client does not
// see it, because the request goes out again.
bool Exchange::answer_is_withheld(bool reusable) {
  if (state_ != ExchangeState::judging_answer) return false;
  const AttemptEnd end = end_of_answer();
  end_attempt(end);
  const bool other_goes_on = silent_ != nullptr;
  const auto delay = other_goes_on ? std::nullopt : plan_retry(end);
  if (other_goes_on || delay) {
    if (reusable) {
      std::exchange(call_.connection, nullptr)->release();
    } else {
      abandon_upstream();
    }
    other_goes_on ? attend_to_silent() : retry_in(*delay);
    return true;
  }
  keep_nothing(core::FlightEnd::failed);
  move_to(ExchangeState::relaying);
  release_message();
  return false;
}

// It has come too slowly, or is too much, to be waited for.
void Exchange::judge_withheld() {
  if (answer_is_withheld(false)) return;
  set_deadline(milliseconds(call_.pool->provider().row->timeouts.gap_ms));
  want_more_answer();
  pump_answer();
}

void Exchange::reply_unavailable(std::uint32_t wait_ms) {
  constexpr std::uint32_t kSoonMs = 1'000;
  shard_->counters.add(ShardCount::requests_unavailable);
  reply(policy::Refusal{.reason = policy::Reason::upstream_unavailable,
                        .detail = policy::MessageId::providers_all_out,
                        .retry_after_ms = std::max(wait_ms, kSoonMs)});
}

// "first/a 429 rate_limited 12ms; second 200 answered 480ms", cut where it does not fit.
std::string_view Exchange::write_tries(std::span<char, kTriesBytesMax> room) const {
  std::size_t used = 0;
  for (std::size_t i = 0; i < tries_.count; ++i) {
    const policy::Attempt& entry = tries_.made[i];
    const ProviderLink& provider = config_->snapshot().providers()[entry.provider];
    const std::string_view key = provider.keys[entry.key].name;
    const auto written =
        fmt::format_to_n(room.data() + used, room.size() - used, "{}{}{}{} {} {} {}ms",
                         used > 0 ? "; " : "", provider.name, key.empty() ? "" : "/", key,
                         entry.status, policy::row(entry.end).name, entry.duration_ms);
    used = std::min(used + written.size, room.size());
    if (entry.cost_micro_usd == 0) continue;
    const auto cost = fmt::format_to_n(room.data() + used, room.size() - used, " ~{} micro-USD",
                                       entry.cost_micro_usd);
    used = std::min(used + cost.size, room.size());
  }
  return {room.data(), used};
}

}  // namespace headrace::net

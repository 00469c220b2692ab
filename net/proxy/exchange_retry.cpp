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
  return targets.size() > 1 || pool_->provider().keys.size() > 1;
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
      tries_.hold, target_, provider_, tries_.hold.key,
      message_ == nullptr ? 0 : message_->body_bytes / kBytesPerToken, now);
  count(entered.events);
  if (!entered.go) {
    reply_unavailable(0);
    return false;
  }
  if (route_ != nullptr && tries_.count == 0) {
    config_->targets().budget(*route_).on_request(retry_rules(), now);
  }
  if (target_ != nullptr) {
    const auto index = target_ - config_->view().targets(*route_).data();
    tries_.targets = static_cast<std::uint8_t>(tries_.targets | 1U << index);
  }
  tries_.begun_at = now;
  tries_.patience_ms = 0;
  tries_.never_again = false;
  HEADRACE_CHECK(tries_.count < policy::kAttemptsMax);
  tries_.made[tries_.count++] = {.provider = static_cast<std::uint16_t>(provider_),
                                 .key = tries_.hold.key,
                                 .end = AttemptEnd::answered};
  return true;
}

// What its answer's head says of the provider, whatever the answer is.
void Exchange::learn_from_head(const http::ResponseHead& head) {
  const core::Instant now = shard_->now();
  tries_.made[tries_.count - 1].status = head.status;
  policy::HintReader reader(shard_->io->wall_now().unix_nanos / 1'000'000);
  for (const http::Field& field : head.fields)
    reader.field(field.name, field.value);
  const policy::ProviderHints hints = reader.hints();
  if (!brings_own_key_) config_->targets().learn(tries_.hold, hints, now);
  tries_.never_again = hints.should_retry == false;
  if (head.status < 400) {
    config_->targets().first_byte(tries_.hold, answer_.first_byte_at - tries_.sent_at, now);
    return;
  }
  tries_.patience_ms = hints.retry_after_ms.value_or(0);
  if (hints.retry_after_ms) return;
  for (const auto& window : hints.windows) {
    if (window && window->remaining == 0)
      tries_.patience_ms = std::max(tries_.patience_ms, window->reset_ms);
  }
}

// How the answer that has come, or as far as it came, is to be called.
AttemptEnd Exchange::end_of_answer() {
  if (const auto* stream = answer_.meter.stream();
      stream != nullptr && stream->end() == policy::StreamEnd::failed) {
    return AttemptEnd::stream_error;
  }
  const AttemptEnd end = policy::end_of_status(tries_.made[tries_.count - 1].status);
  const policy::ProviderErrorReader* error = answer_.meter.error();
  if (error == nullptr) return end;
  if (error->retry_after_ms())
    tries_.patience_ms = std::max(tries_.patience_ms, *error->retry_after_ms());
  if (end == AttemptEnd::rate_limited && error->account_spent()) return AttemptEnd::account_spent;
  return end;
}

AttemptEnd Exchange::end_of_failure(UpstreamFailure failure) const {
  // Nothing of a body was seen where not even the head was whole.
  const bool within_head = failure == UpstreamFailure::truncated && !answer_.started;
  return end_of(within_head ? UpstreamFailure::closed_early : failure);
}

void Exchange::judge_attempt(AttemptEnd end) {
  // A key that the client brought is not one of ours to be benched.
  if (brings_own_key_ && policy::row(end).blame == policy::Blame::key) end = AttemptEnd::refused;
  const auto judged = config_->targets().judge(tries_.hold, end, tries_.patience_ms, shard_->now());
  count(judged.events);
  if (judged.benched) shard_->counters.add(ShardCount::keys_benched);
}

void Exchange::end_attempt(AttemptEnd end) {
  if (!tries_.hold.under_way) return;
  judge_attempt(end);
  decide(policy::Stage::upstream, policy::Decided::passed, policy::row(end).name,
         config_->snapshot().providers()[provider_].name);
  config_->targets().end(tries_.hold);
  policy::Attempt& entry = tries_.made[tries_.count - 1];
  entry.end = end;
  entry.duration_ms = static_cast<std::uint32_t>(
      std::chrono::duration_cast<milliseconds>(shard_->now() - tries_.begun_at).count());
  // The provider had all of it, and may charge for it although nobody heard of an answer.
  const bool unheard = end == AttemptEnd::first_byte_timeout || end == AttemptEnd::total_timeout;
  if (unheard && request_sent_ && price_ != nullptr) {
    policy::Usage usage;
    usage.in_fresh = prompt_.text_tokens + prompt_.media_tokens;
    entry.cost_micro_usd =
        static_cast<std::uint64_t>(policy::cost_of(usage, price_->rates).count());
  }
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
  if (seen || tries_.never_again || !policy::row(end).retry || !may_try_again() ||
      message_ == nullptr) {
    return std::nullopt;
  }
  const core::Instant now = shard_->now();
  const policy::RetryRules& rules = retry_rules();
  const std::uint64_t random = shard_->io->random();
  const TargetAnswer next = config_->targets().choose(*route_, target_question(), now, random);
  const bool same = next.target == target_ && next.key == tries_.hold.key;
  const bool other_key =
      next.target == target_ && !same && policy::row(end).blame == policy::Blame::key;
  const bool elsewhere = next.target != nullptr && (!next.tried || other_key);
  std::uint32_t delay_ms = 0;
  if (!elsewhere) {
    if (next.target == nullptr && next.wait_ms == 0) return std::nullopt;
    // Another try with a key that is not taken would come out the same.
    if (next.last_resort) return std::nullopt;
    // What waits for a reset waits no longer than for a hint.
    const std::uint32_t hint_ms = next.target == nullptr ? next.wait_ms
                                  : same                 ? tries_.patience_ms
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

// Forgets what the attempt left behind, and waits. Nothing of it is being sent any more.
void Exchange::retry_in(core::Duration delay) {
  if (answer_.streaming) {
    answer_.streaming = false;
    shard_->counters.gauges.streams_open.add(-1);
  }
  // Whatever its answer left behind.
  if (!core::planted(core::PlantedBug::failed_answer_kept)) answer_.out.clear();
  drop_held();
  answer_.meter.stop();
  answer_.gathered.reset();
  answer_.gathered_bytes = 0;
  answer_.scan = {};
  answer_.interim_answers = 0;
  bytes_out_ = 0;
  status_ = 0;
  failure_ = UpstreamFailure::none;
  request_sent_ = send_failed_ = tries_.replayed = broken_sending_ = false;
  answer_.seen = answer_.started = answer_.ended = answer_.bulk = false;
  if (!message_->written_head.empty() && !message_->head_block) {
    // Written over the one that the client sent: it goes to where it was written for.
    stage_ = policy::Stage::upstream;
  } else {
    message_->written_head = {};
    message_->head_block.reset();
    answer_.strip_usage = false;  // as the edits, which begin anew
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
  if (const auto delay = plan_retry(end)) {
    if (reusable) {
      std::exchange(upstream_, nullptr)->release();
    } else {
      abandon_upstream();
    }
    retry_in(*delay);
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
  set_deadline(milliseconds(pool_->provider().row->timeouts.gap_ms));
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

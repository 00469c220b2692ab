// The one retry edge, from upstream back to route.
//
// A request goes out again only while nothing of an answer was for the client: a failed answer is
// withheld (ExchangeState::judging_answer) until it is known whether it is the last one, and
// whether it is for the client at all.
#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

using policy::AttemptEnd;
using std::chrono::milliseconds;

// --- one attempt ---------------------------------------------------------------------------------

// False: its target is not to be had any more, and the request is answered.
bool Exchange::begin_attempt() {
  const core::Instant now = shard_->now();
  const auto entered = config_->targets().enter(call_.hold, call_.target, call_.provider,
                                                call_.hold.key, likely_tokens(), now);
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
  answer_.head = {};
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
    go_back(policy::Stage::upstream);
  } else {
    message_->written_head = {};
    message_->head_block.reset();
    go_back(policy::Stage::route);
  }
  park(shard_->now() + delay);
}

// A failed answer is whole, or as much of it has come as is waited for. True: the client does not
// see it, because the request goes out again.
bool Exchange::answer_is_withheld(bool reusable) {
  if (state_ != ExchangeState::judging_answer) return false;
  const AttemptEnd end = end_of_answer();
  const std::uint16_t status = tries_.made[call_.entry].status;
  const bool by_its_body = body_refuses_our_key();
  if (by_its_body) note_refused_key(call_);
  end_attempt(end);
  const bool other_goes_on = silent_ != nullptr;
  // What is still on its way to this provider cannot go to another.
  const auto delay = other_goes_on || !call_.sent ? std::nullopt : plan_retry(end);
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
  answer_.out.gather(false);
  if (refuses_our_key(status) || by_its_body) {
    if (reusable) std::exchange(call_.connection, nullptr)->release();
    forget_answer();
    reply_key_refused();
    return true;
  }
  if (call_.sent) release_message();
  return false;
}

// The last word of a provider that does not take a credential of ours. To the client it would say
// that his own key is wrong, and maybe what is wrong with ours.
void Exchange::reply_key_refused() {
  end_attempt(AttemptEnd::key_refused);
  reply(policy::Reason::upstream_failed, policy::MessageId::provider_refuses_key);
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

}  // namespace headrace::net

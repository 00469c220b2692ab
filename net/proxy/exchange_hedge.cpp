// A second call for a request whose provider is silent (policy/resilience/hedge.h).
//
//   call_     the one that the exchange attends to: routed, sent and answered as any other
//   silent_   the other one, while there are two: sent whole, and listened to (silent_call.h)
//
//   begin_hedge()       what is silent is set aside, and the request goes along the retry edge
//   attend_to_silent()  call_ is over, for whatever reason: what was set aside is call_ again
//   drop_silent()       call_ has an answer for the client, or nobody waits any more
//
// Which of them the client hears is decided by a whole head: its first bytes may be those of a
// failure. Until then both go on, each within its own time for the first byte.
//
// As long as there are two, nothing of any answer is with the client.
#include <algorithm>
#include <utility>

#include "core/planted_bug.h"
#include "net/proxy/exchange.h"
#include "net/proxy/silent_call.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"
#include "policy/resilience/hedge.h"

namespace headrace::net {

using policy::AttemptEnd;
using policy::HedgeVerdict;
using std::chrono::milliseconds;

// --- when ----------------------------------------------------------------------------------------

// The request has left: the first byte of an answer is awaited from now on, or a hedge's moment.
void Exchange::expect_answer() {
  call_.answer_due =
      shard_->now() + milliseconds(call_.pool->provider().row->timeouts.first_byte_ms);
  core::Instant until = call_.answer_due;
  hedge_due_ = false;
  if (may_hedge()) {
    const std::uint32_t delay_ms =
        policy::hedge_delay_ms(config_->view().resilience(*route_).hedge,
                               config_->targets().usual_first_byte_us(call_.hold, shard_->now()));
    const core::Instant at = shard_->now() + milliseconds(delay_ms);
    hedge_due_ = at < until;
    if (hedge_due_) until = at;
  }
  deadline_.set(*shard_->timers, std::min(until, total_deadline_));
}

void Exchange::begin_hedge() {
  const core::Instant now = shard_->now();
  hedge_due_ = false;
  deadline_.set(*shard_->timers, std::min(call_.answer_due, total_deadline_));
  if (answer_.seen || message_ == nullptr) return;
  const TargetAnswer other =
      config_->targets().choose(*route_, target_question(), now, shard_->io->random());
  if (other.target == nullptr || other.tried || other.last_resort) return;
  if (!config_->targets().budget(*route_).take(retry_rules(), now)) {
    shard_->counters.add(ShardCount::retries_denied);
    return;
  }
  // The words of the first call are overwritten: should its connection be found dead, it has
  // failed.
  call_.replayed = true;
  silent_ = shard_->silent_calls.make(*shard_, *this, call_, deadline_.at());
  if (silent_ == nullptr) return;
  tries_.hedged = true;
  shard_->counters.add(ShardCount::hedges);
  call_ = {};
  message_->written_head = {};
  message_->head_block.reset();
  go_back(policy::Stage::route);
  advance();
}

// Nobody has room for the second call. Its request is not refused: the first one goes on.
policy::Verdict Exchange::go_on_without_hedge() {
  shard_->counters.add(ShardCount::hedges_without_room);
  give_up_call(AttemptEnd::gateway_short);
  attend_to_silent();
  return policy::Verdict::reply;
}

// --- which of them -------------------------------------------------------------------------------

// The exchange's own call is over. Nothing of it was for the client.
void Exchange::attend_to_silent() {
  forget_answer();
  settle_target(call_, nullptr);
  call_ = silent_->call();
  call_.connection->hand_to(*this);
  if (silent_->has_begun()) note_answer_begun(silent_->begun_at());
  answer_.head = std::move(silent_->head());
  shard_->silent_calls.destroy(*std::exchange(silent_, nullptr));
  if (state_ == ExchangeState::judging_answer) move_to(ExchangeState::parked);
  if (state_ != ExchangeState::awaiting_answer) move_to(ExchangeState::awaiting_answer);
  hedge_due_ = false;
  deadline_.set(*shard_->timers, std::min(call_.answer_due, total_deadline_));
  expect_silence();
}

// The exchange's own call has the head of an answer. False: it is none for the client.
bool Exchange::choose_call(AttemptEnd end) {
  if (silent_ == nullptr) return true;
  if (policy::judge_hedge(end) == HedgeVerdict::wins) {
    if (call_.entry > silent_->call().entry) shard_->counters.add(ShardCount::hedges_won);
    drop_silent(AttemptEnd::beaten, UpstreamFailure::beaten);
    return true;
  }
  // It is read to its end like any that may be sent again, but for one that is still being sent to.
  if (call_.sent) return true;
  give_up_call(end);
  attend_to_silent();
  return false;
}

// The exchange's own call is ended, wherever it is.
void Exchange::give_up_call(AttemptEnd end) {
  end_attempt(call_, end,
              end == AttemptEnd::beaten ? UpstreamFailure::beaten : UpstreamFailure::none);
  abandon_upstream();
}

void Exchange::drop_silent(AttemptEnd end, UpstreamFailure failure) {
  if (silent_ == nullptr) return;
  UpstreamCall& call = silent_->call();
  end_attempt(call, end, failure);
  if (core::planted(core::PlantedBug::beaten_call_uncounted)) call.sent = call.last_leaves = false;
  if (!core::planted(core::PlantedBug::beaten_limits_kept)) settle_target(call, nullptr);
  if (!core::planted(core::PlantedBug::beaten_call_kept)) call.connection->abandon(nullptr);
  shard_->silent_calls.destroy(*std::exchange(silent_, nullptr));
}

// --- what is heard of the silent one -------------------------------------------------------------

void Exchange::on_silent_failed(UpstreamFailure failure) {
  shard_->counters.add(ShardCount::upstream_failures);
  drop_silent(end_of_failure(failure), failure);
}

// A refusal that would have the request sent again is no answer while the other call is under way.
void Exchange::on_silent_answer(core::BufferLease lease) {
  using Read = AnswerHead::Read;
  const Read read =
      silent_->head().take(*shard_, config_->head_limits(), request_.method, std::move(lease));
  if (read == Read::bad || read == Read::no_memory) {
    on_silent_failed(read == Read::bad ? UpstreamFailure::invalid_answer
                                       : UpstreamFailure::no_memory);
    return;
  }
  if (read == Read::incomplete) {
    silent_->call().connection->transport().want_receive(ReceiveMode::many);
    return;
  }
  const http::ResponseHead& head = shard_->response_head;
  const AttemptEnd end = policy::end_of_status(head.status);
  if (policy::judge_hedge(end) == HedgeVerdict::out) {
    learn_from_head(silent_->call(), head);
    drop_silent(end, UpstreamFailure::none);
    return;
  }
  const bool failing = state_ == ExchangeState::judging_answer;
  give_up_call(failing ? end_of_answer() : AttemptEnd::beaten);
  attend_to_silent();
  begin_relay();
}

}  // namespace headrace::net

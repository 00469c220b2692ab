// An exchange's states, its deadlines, and who leaves when.
#include "net/proxy/exchange.h"

#include <utility>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/cache/shard_cache.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/silent_call.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

using policy::RecordEnding;

namespace {

// Of who had no answer, by whose doing it was: the client left (nginx's number, which is known to
// every log tool), or the process ended.
constexpr std::uint16_t kClientClosedRequest = 499;
constexpr std::uint16_t kGatewayEnded = 503;

}  // namespace

Exchange::Exchange(ShardContext& shard, DownstreamConnection& downstream)
    : ExchangeReport(shard, downstream) {
  deadline_.bind<&Exchange::on_deadline>(this);
  silence_.bind<&Exchange::on_silence>(this);
  config_->add_user();
}

Exchange::~Exchange() {
  HEADRACE_CHECK(call_.connection == nullptr && silent_ == nullptr);
  HEADRACE_CHECK(recorded_ && !call_.hold.under_way);
  HEADRACE_CHECK(wait_.seat == nullptr && call_.limits == nullptr);
  deadline_.clear(*shard_->timers);
  silence_.clear(*shard_->timers);
  release_message();
  if (cache_ != nullptr) shard_->cache->close(*cache_);
  if (explanation_ != nullptr) shard_->explanations.destroy(*explanation_);
  if (trail_ != nullptr) shard_->decision_trails.destroy(*trail_);
  shard_->counters.gauges.requests_in_flight.add(-1);
  if (answer_.streaming && !core::planted(core::PlantedBug::stream_never_ended))
    shard_->counters.gauges.streams_open.add(-1);
  config_->drop_user();
}

void Exchange::move_to(ExchangeState next) {
  HEADRACE_CHECK(may_move(state_, next), "an exchange made a move that is not legal");
  ++shard_->exchange_moves[static_cast<std::size_t>(std::to_underlying(state_))]
                          [static_cast<std::size_t>(std::to_underlying(next))];
  state_ = next;
}

void Exchange::set_deadline(core::Duration from_now) {
  deadline_.set(*shard_->timers, std::min(shard_->now() + from_now, total_deadline_));
}

void Exchange::on_deadline() {
  if (!deadline_.expired(*shard_->timers, shard_->now())) return;
  const bool total = shard_->now() >= total_deadline_;
  switch (state_) {
    case ExchangeState::awaiting_upstream:
      call_.pool->forget(*this);
      upstream_failed(total ? UpstreamFailure::total_timeout : call_.pool->waited_for());
      return;
    case ExchangeState::sending:
    case ExchangeState::awaiting_answer:
      if (hedge_due_ && state_ == ExchangeState::awaiting_answer && !total) {
        begin_hedge();
        return;
      }
      if (call_.send_failed && !answer_.seen) {
        upstream_broken(UpstreamFailure::closed_early);
        return;
      }
      upstream_failed(total ? UpstreamFailure::total_timeout : UpstreamFailure::first_byte_timeout);
      return;
    case ExchangeState::judging_answer:
      judge_withheld();
      return;
    case ExchangeState::relaying:
      if (call_.connection != nullptr && call_.connection->transport().splice_held_up()) {
        // The client takes nothing, whatever the provider does.
        on_downstream_unread();
        downstream_->close();
        return;
      }
      upstream_failed(total ? UpstreamFailure::total_timeout : UpstreamFailure::gap_timeout);
      return;
    case ExchangeState::parked:
      park_expired_ = true;
      advance();
      return;
    case ExchangeState::reading_body:
    case ExchangeState::judging_body:
    case ExchangeState::flushing:
    case ExchangeState::closing:
    case ExchangeState::count:
      return;
  }
}

// --- the client leaves ---------------------------------------------------------------------------

void Exchange::on_downstream_ended(PeerEnd) {
  keep_alive_ = false;
  // Its answer is complete and on its way: who only ended his own side still gets it. Anybody else
  // has left, and whatever runs for him ends now.
  if (state_ == ExchangeState::flushing) return;
  downstream_->close();
}

void Exchange::on_downstream_unread() {
  note_early_end(RecordEnding::client_too_slow);
}

void Exchange::on_downstream_closing() {
  if (state_ == ExchangeState::closing) return;
  // All of it, or its end, did not go out.
  if (!answer_.ended || !answer_.out.empty() || cached_answer_left()) {
    if (status_ == 0) status_ = shard_->closing ? kGatewayEnded : kClientClosedRequest;
    answer_.cut = true;
    unsent_ = true;
    note_early_end(shard_->closing ? RecordEnding::shutdown : RecordEnding::client_left);
    if (ended_early_ == RecordEnding::client_left) {
      shard_->counters.add(ShardCount::downstream_cancelled);
    } else if (ended_early_ == RecordEnding::client_too_slow) {
      shard_->counters.add(ShardCount::downstream_too_slow);
    }
    if (ends_by_reset()) shard_->io->reset_on_close(downstream_->transport().socket());
  }
  // Only what was sent whole can be gone on with, or charged.
  if (silent_ != nullptr && !call_.sent) {
    give_up_call(policy::AttemptEnd::beaten);
    attend_to_silent();
  }
  if (goes_on()) return;
  keep_nothing(core::FlightEnd::failed);
  leave_flight();
  end();
}

// --- its end -------------------------------------------------------------------------------------

// Whatever runs for it ends, and it is recorded.
void Exchange::end() {
  leave_queue();
  move_to(ExchangeState::closing);
  static_cast<core::ListHook<RunQueueTag>&>(*this).unlink();
  static_cast<core::ListHook<IntentQueueTag>&>(*this).unlink();
  deadline_.clear(*shard_->timers);
  silence_.clear(*shard_->timers);
  drop_silent(policy::AttemptEnd::beaten, UpstreamFailure::beaten);
  end_attempt(ended_early_ == RecordEnding::shutdown ? policy::AttemptEnd::shutdown
                                                     : policy::AttemptEnd::client_left);
  if (!core::planted(core::PlantedBug::upstream_not_cancelled)) abandon_upstream();
  record();
}

void Exchange::finish() {
  record();
  if (core::planted(core::PlantedBug::recorded_twice)) (recorded_ = false), record();
  using Next = DownstreamConnection::Next;
  // One that was cut ends with FIN: a reset could take the error event with it. But where the
  // connection's end is the answer's, FIN would say that it is whole.
  if (ends_by_reset()) {
    downstream_->exchange_done(Next::reset);
    return;
  }
  const bool keep_alive = keep_alive_ && body_complete_ && !answer_.cut;
  downstream_->exchange_done(keep_alive ? Next::keep_alive : Next::linger);
}

void Exchange::record() {
  if (recorded_) return;
  recorded_ = true;
  settle();
  write_usage_record();
  // What monitoring asks for every few seconds would drown the log.
  if (is_operators()) return;
  count_outcome();
  if (is_audited()) write_audit();
  if (shard_->access_log != nullptr && !is_left_out_of_log()) write_log_line();
}

}  // namespace headrace::net

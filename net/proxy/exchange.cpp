// The last stages of an exchange, settle and record; its deadlines; who leaves when.
#include "net/proxy/exchange.h"

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/log/access_log.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

namespace {

// nginx's number for a client that left before its answer: known to every log tool.
constexpr std::uint16_t kClientClosedRequest = 499;

}  // namespace

Exchange::Exchange(ShardContext& shard, DownstreamConnection& downstream)
    : shard_(&shard), downstream_(&downstream), config_(shard.config), begun_at_(shard.now()) {
  deadline_.bind<&Exchange::on_deadline>(this);
  config_->add_user();
}

Exchange::~Exchange() {
  HEADRACE_CHECK(upstream_ == nullptr && recorded_);
  deadline_.clear(*shard_->timers);
  release_message();
  shard_->counters.gauges.requests_in_flight.add(-1);
  if (streaming_ && !core::planted(core::PlantedBug::stream_never_ended))
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
      pool_->forget(*this);
      upstream_failed(total ? UpstreamFailure::total_timeout : pool_->waited_for());
      return;
    case ExchangeState::sending:
    case ExchangeState::awaiting_answer:
      if (send_failed_ && !answer_seen_) {
        upstream_broken(UpstreamFailure::closed_early);
        return;
      }
      upstream_failed(total ? UpstreamFailure::total_timeout : UpstreamFailure::first_byte_timeout);
      return;
    case ExchangeState::relaying:
      upstream_failed(total ? UpstreamFailure::total_timeout : UpstreamFailure::gap_timeout);
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
  if (state_ != ExchangeState::flushing) downstream_->close();
}

void Exchange::on_downstream_closing() {
  if (state_ == ExchangeState::closing) return;
  if (!answer_ended_ || !out_.empty()) {  // all of it, or its end, did not go out
    if (status_ == 0) status_ = kClientClosedRequest;
    answer_cut_ = true;
    shard_->counters.add(ShardCount::downstream_cancelled);
  }
  move_to(ExchangeState::closing);
  static_cast<core::ListHook<RunQueueTag>&>(*this).unlink();
  deadline_.clear(*shard_->timers);
  if (!core::planted(core::PlantedBug::upstream_not_cancelled)) abandon_upstream();
  record();
}

// --- settle and record ---------------------------------------------------------------------------

void Exchange::finish() {
  record();
  if (core::planted(core::PlantedBug::recorded_twice)) (recorded_ = false), record();
  using Next = DownstreamConnection::Next;
  // One that was cut ends with FIN: a reset could take the error event with it.
  const bool keep_alive = keep_alive_ && body_complete_ && !answer_cut_;
  downstream_->exchange_done(keep_alive ? Next::keep_alive : Next::linger);
}

void Exchange::record() {
  if (recorded_) return;
  recorded_ = true;
  const core::Instant now = shard_->now();
  ShardCounters& counters = shard_->counters;
  const policy::Usage usage = meter_.usage();
  counters.request_nanos.record(static_cast<std::uint64_t>((now - begun_at_).count()));
  if (status_ >= 500) {
    counters.add(ShardCount::responses_5xx);
    if (local_) counters.add(ShardCount::requests_failed);
  } else if (status_ >= 400) {
    counters.add(ShardCount::responses_4xx);
    if (local_) counters.add(ShardCount::requests_refused);
  } else {
    counters.add(ShardCount::responses_2xx);
  }
  if (meter_.active()) {
    counters.add(ShardCount::answers_metered);
    counters.add(ShardCount::tokens_in, static_cast<std::uint64_t>(usage.in_total()));
    counters.add(ShardCount::tokens_out, static_cast<std::uint64_t>(usage.out_total()));
    if (const auto* stream = meter_.stream()) {
      counters.add(ShardCount::stream_events, stream->events());
    }
  }
  // Pages that monitoring asks for every few seconds would drown the log.
  const bool admin = downstream_->listener().link().role == ListenerRole::admin;
  if (shard_->access_log == nullptr || admin) return;
  const policy::config::ConfigView& view = config_->view();
  AccessRecord line;
  line.ended_at = shard_->io->wall_now();
  line.duration = now - begun_at_;
  line.time_to_first_byte =
      first_byte_at_ == core::Instant{} ? core::Duration::zero() : first_byte_at_ - begun_at_;
  line.bytes_in = bytes_in_;
  line.bytes_out = bytes_out_;
  line.usage = usage;
  line.status = status_;
  line.shard = shard_->number;
  line.attempts = attempts_;
  line.method = method_;
  line.endpoint = match_.endpoint;
  line.failure = failure_;
  line.local = local_;
  line.streamed = streaming_;
  line.cut = answer_cut_;
  line.request_id = request_id_.text();
  line.path = {path_.data(), path_bytes_};
  line.model = {model_.data(), model_bytes_};
  if (key_ != nullptr) {
    line.key = view.text(key_->name);
    line.tenant = view.text(view.tenant(*key_).name);
  }
  if (attempts_ > 0) line.provider = config_->snapshot().providers()[provider_].name;
  if (local_ && status_ >= 400) line.code = policy::row(reason_).code;
  line.peer = downstream_->peer();
  if (!shard_->access_log->write(line)) counters.add(ShardCount::log_lines_dropped);
}

}  // namespace headrace::net

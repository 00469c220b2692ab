// The last stages of an exchange: settle and record.
#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/log/access_log.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

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
  if (caller_.known()) line.tenant = view.text(caller_.tenant->name);
  if (caller_.key != nullptr) line.key = view.scopes().name(*caller_.key);
  if (attempts_ > 0) line.provider = config_->snapshot().providers()[provider_].name;
  if (local_ && status_ >= 400) line.code = policy::row(reason_).code;
  line.peer = downstream_->peer();
  if (!shard_->access_log->write(line)) counters.add(ShardCount::log_lines_dropped);
}

}  // namespace headrace::net

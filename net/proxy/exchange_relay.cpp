// The relay stage of an exchange: the answer's body on its way to the client, metered, and its end.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/buffer_relief.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

using http::BodyFraming;
using policy::RecordEnding;
using std::chrono::milliseconds;

namespace {

// Below, waiting for bytes twice and two moves cost more than the copies that they spare.
constexpr std::uint64_t kSpliceBytesMin = 32 * 1024;
// So that a slow client is seen in time; a pipe holds less in any case.
constexpr std::uint64_t kSpliceBytesMax = 1024 * 1024;

// Of an answer that has begun: whose doing it was.
RecordEnding ending_of(UpstreamFailure failure) {
  if (failure == UpstreamFailure::event_too_large) return RecordEnding::event_too_large;
  if (failure == UpstreamFailure::no_memory) return RecordEnding::no_memory;
  return is_timeout(failure) ? RecordEnding::timed_out : RecordEnding::broken;
}

}  // namespace

void Exchange::relay(core::BufferLease lease, std::size_t offset, std::string_view head) {
  if (!head.empty()) answer_.started = true;
  using End = AnswerBody::End;
  const auto [end, leftovers] = answer_.body.take(std::move(lease), offset, head);
  if (end == End::no_memory) {
    note_early_end(RecordEnding::no_memory);
    downstream_->close();
    return;
  }
  note_progress();
  if (detached_ && state_ == ExchangeState::relaying && !still_wanted()) {
    end_detached();
    return;
  }
  const bool may_cut =
      answer_.body.is_whole_so_far() || core::planted(core::PlantedBug::cut_amid_event);
  if (end == End::open && may_cut && output_used_up()) {
    cut_answer();
  } else if (end == End::open &&
             answer_.body.open_event_bytes() > config_->http().event_bytes_max) {
    shard_->counters.add(ShardCount::events_too_large);
    upstream_failed(UpstreamFailure::event_too_large);
  } else if (end == End::broken) {
    upstream_failed(UpstreamFailure::truncated);
  } else if (end == End::complete) {
    const bool clean = !leftovers || core::planted(core::PlantedBug::returned_with_leftovers);
    answer_complete(clean && answer_.upstream_keep_alive);
  } else if (state_ == ExchangeState::judging_answer) {
    if (must_send_first() || answer_.body.bytes() > kWithheldBytesMax) {
      judge_withheld();
    } else {
      want_more_answer();
      if (core::planted(core::PlantedBug::withheld_answer_sent)) pump_answer();
    }
  } else {
    // The first of a stream shows that its provider works; a whole answer shows it at its end.
    if (answer_.streaming && !call_.hold.judged) judge_attempt(call_, end_of_answer());
    if (answer_.streaming) expect_silence();
    set_deadline(milliseconds(call_.pool->provider().row->timeouts.gap_ms));
    want_more_answer();
    pump_answer();
  }
  // Nothing here: an answer that has ended may already have taken the exchange with it.
}

// A large answer that nobody needs to understand goes on without passing through this process.
bool Exchange::splice_answer() {
  const bool plain = passthrough_ != nullptr && answer_.body.framing() == BodyFraming::length &&
                     answer_.body.provider_framing() == BodyFraming::length;
  const std::uint64_t rest = answer_.body.remaining();
  if (!plain || !answer_.bulk || answer_.no_pipe_left || rest < kSpliceBytesMin ||
      !answer_.out.empty())
    return false;
  Transport& from = call_.connection->transport();
  if (!from.may_splice_to(downstream_->transport())) return false;
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(rest, kSpliceBytesMax));
  from.splice_to(downstream_->transport(), bytes);
  downstream_->expect_sent(std::min<std::size_t>(bytes, core::IoOptions{}.splice_bytes));
  return true;
}

void Exchange::on_upstream_spliced(std::int32_t result) {
  if (state_ != ExchangeState::relaying) return;
  downstream_->expect_sent(0);
  if (result > 0) {
    const auto bytes = static_cast<std::uint64_t>(result);
    shard_->counters.add(ShardCount::bytes_downstream_out, bytes);
    answer_.body.pass_over(bytes);
    if (answer_.body.complete()) {
      answer_complete(answer_.upstream_keep_alive);
      return;
    }
  } else if (result == -ENOBUFS) {
    answer_.no_pipe_left = true;
  } else if (result == -EPIPE) {
    downstream_->close();
    return;
  } else {
    upstream_failed(UpstreamFailure::truncated);
    return;
  }
  set_deadline(milliseconds(call_.pool->provider().row->timeouts.gap_ms));
  want_more_answer();
}

// As much is queued as may be, before more of the answer is received.
bool Exchange::must_send_first() const {
  const std::size_t queued = detached_ ? 0 : answer_.out.size();
  return queued >= kQueuedLeasesMax || (answer_.bulk && queued > 0) ||
         (queued >= kQueuedLeasesWhenShort && small_buffers_short(*shard_));
}

void Exchange::want_more_answer() {
  if (call_.connection == nullptr) return;
  Transport& transport = call_.connection->transport();
  if (must_send_first()) {
    transport.want_receive(ReceiveMode::off);
    // It is the client who is slow now: its own deadline runs.
    deadline_.set(*shard_->timers, total_deadline_);
    return;
  }
  if (splice_answer()) return;
  transport.want_receive(answer_.bulk ? ReceiveMode::one_bulk : ReceiveMode::many);
}

// --- its end -------------------------------------------------------------------------------------

void Exchange::answer_complete(bool reusable) {
  if (answer_is_withheld(reusable && call_.sent)) return;
  answer_.ended = true;
  call_.pool->learn_answer_bytes(answer_.body.bytes());
  if (policy::StreamMeter* stream = answer_.body.meter().stream();
      stream != nullptr && stream->end() == policy::StreamEnd::failed) {
    failure_ = UpstreamFailure::truncated;
  }
  if (answer_.body.provider_framing() == BodyFraming::until_close) {
    answer_.cut = answer_.cut || !answer_.body.provider_closed();
  }
  finish_keeping();
  end_attempt(end_of_answer());
  move_to(ExchangeState::flushing);
  deadline_.set(*shard_->timers, core::kNever);
  if (reusable && call_.sent && call_.connection != nullptr) {
    std::exchange(call_.connection, nullptr)->release();
  } else {
    abandon_upstream();
  }
  pump_answer();
}

// Upstream broke within its answer, or was given up. The client must see that: an event of its
// dialect where there is a stream of events (or an array, of whose last element nothing has gone),
// and in any case framing that never completes.
void Exchange::answer_broken(UpstreamFailure failure) {
  answer_.ended = true;
  answer_.cut = true;
  keep_alive_ = false;
  note_early_end(ending_of(failure));
  shard_->counters.add(ShardCount::answers_broken);
  keep_nothing(core::FlightEnd::failed);
  answer_.body.drop_held();
  if (policy::StreamMeter* stream = answer_.body.meter().stream();
      stream != nullptr && answer_.body.may_say_event() &&
      stream->end() == policy::StreamEnd::open && !detached_ &&
      !core::planted(core::PlantedBug::error_event_unsent)) {
    queue_error_event(failure, *stream);
  }
  if (state_ != ExchangeState::flushing && state_ != ExchangeState::closing) {
    move_to(ExchangeState::flushing);
  }
  deadline_.set(*shard_->timers, core::kNever);
  abandon_upstream();
  pump_answer();
}

void Exchange::pump_answer() {
  if (detached_) {
    if (answer_.ended) end_detached();
    return;
  }
  Transport& transport = downstream_->transport();
  if (transport.sending() || !transport.is_open()) return;
  if (state_ == ExchangeState::judging_answer &&
      !core::planted(core::PlantedBug::withheld_answer_sent)) {
    return;
  }
  AnswerQueue::Slices slices;
  if (const std::size_t count = answer_.out.begin_send(slices); count > 0) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i)
      bytes += slices[i].size();
    shard_->counters.add(ShardCount::bytes_downstream_out, bytes);
    downstream_->expect_sent(bytes);
    transport.send(std::span(slices).first(count));
    if (core::planted(core::PlantedBug::buffer_returned_early)) answer_.out.drop();
    return;
  }
  if (answer_.ended) finish();
}

void Exchange::on_downstream_sent() {
  if (served_from_cache()) {
    on_cached_answer_sent();
    return;
  }
  answer_.out.sent();
  if (state_ == ExchangeState::relaying && answer_.out.size() < kQueuedLeasesMax / 2) {
    set_deadline(milliseconds(call_.pool->provider().row->timeouts.gap_ms));
    want_more_answer();
  }
  pump_answer();
}

}  // namespace headrace::net

// The relay stage of an exchange: the answer's body on its way to the client, metered, and its end.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/planted_bug.h"
#include "net/cache/cache_session.h"
#include "net/edge/downstream_connection.h"
#include "net/http/chunk_writer.h"
#include "net/proxy/buffer_relief.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

using http::BodyFraming;
using std::chrono::milliseconds;

namespace {

// Below, waiting for bytes twice and two moves cost more than the copies that they spare.
constexpr std::uint64_t kSpliceBytesMin = 32 * 1024;
// So that a slow client is seen in time; a pipe holds less in any case.
constexpr std::uint64_t kSpliceBytesMax = 1024 * 1024;

}  // namespace

// Takes the lease's bytes from `offset` on through frame, meter and strip, and queues what is the
// client's, in place. `head` (of the answer, or empty) goes before them.
void Exchange::relay(core::BufferLease lease, std::size_t offset, std::string_view head) {
  http::BodyFramer framer(out_framing_);
  std::span<std::byte> rest(lease.data() + offset, lease.size() - offset);
  held_run_ = {};
  bool complete = answer_decoder_.complete();
  bool bad = false;
  while (!complete && !rest.empty()) {
    const http::ChunkStep step = answer_decoder_.next(rest);
    if (step.status == http::ChunkStatus::bad) {
      bad = true;
      break;
    }
    if (step.status == http::ChunkStatus::data) {
      const auto at = static_cast<std::size_t>(step.data.data() - rest.data());
      relay_run(rest.subspan(at, step.data.size()), framer);
    }
    rest = rest.subspan(step.consumed);
    complete = answer_decoder_.complete();
    if (step.status == http::ChunkStatus::need_more) break;
  }
  if (complete) {
    // An event without its empty line at the very end is still the client's.
    if (policy::StreamMeter* stream = meter_.stream()) stream->finish();
    if (held_bytes_ > 0) queue_held();
    if (!held_run_.empty()) pass_on(std::exchange(held_run_, {}), framer);
    if (!core::planted(core::PlantedBug::last_chunk_dropped))
      framer.last_chunk(lease.data() + offset - http::kLastChunk.size());
  } else if (!held_run_.empty()) {
    hold(std::exchange(held_run_, {}), framer);
  }
  queue_relayed(std::move(lease), offset, head, framer);
  note_progress();
  if (state_ == ExchangeState::closing) return;
  if (detached_ && state_ == ExchangeState::relaying && !cache_->builder.active()) {
    end_detached();  // nothing is kept of it, so nobody is served
    return;
  }
  if (!bad && !complete && output_used_up()) {
    cut_answer();
  } else if (bad) {
    upstream_failed(UpstreamFailure::truncated);
  } else if (complete) {
    answer_complete((rest.empty() || core::planted(core::PlantedBug::returned_with_leftovers)) &&
                    upstream_keep_alive_);
  } else if (state_ == ExchangeState::judging_answer) {
    if (out_.size() >= kQueuedLeasesMax || bytes_out_ > kWithheldBytesMax) {
      judge_withheld();
    } else {
      want_more_answer();
      if (core::planted(core::PlantedBug::withheld_answer_sent)) pump_answer();
    }
  } else {
    // The first of a stream shows that its provider works; a whole answer shows it at its end.
    if (streaming_ && !attempt_.judged) judge_attempt(end_of_answer());
    if (streaming_) expect_silence();
    set_deadline(milliseconds(pool_->provider().row->timeouts.gap_ms));
    want_more_answer();
    pump_answer();
  }
  // Nothing here: an answer that has ended may already have taken the exchange with it.
}

void Exchange::queue_relayed(core::BufferLease lease, std::size_t offset, std::string_view head,
                             http::BodyFramer& framer) {
  bytes_out_ += framer.body_bytes();
  if (drains_) {
    answer_started_ = true;
    return;
  }
  std::span<std::byte> bytes = framer.finish();
  if (!head.empty()) answer_started_ = true;
  if (detached_) return;
  if (!head.empty()) {
    std::byte* body = bytes.empty() ? lease.data() + offset : bytes.data();
    const auto room = static_cast<std::size_t>(body - lease.data()) + kRewriteRoom;
    if (head.size() <= room) {
      std::memcpy(body - head.size(), head.data(), head.size());
      bytes = {body - head.size(), head.size() + bytes.size()};
    } else {
      const std::size_t queued = out_.size();
      queue_text(head);
      if (out_.size() == queued) {  // no memory for it: a body must not go out without its head
        downstream_->close();
        return;
      }
    }
  }
  if (!bytes.empty()) queue_relieved(*shard_, out_, sending_entries_, std::move(lease), bytes);
}

void Exchange::relay_run(std::span<std::byte> run, http::BodyFramer& framer) {
  if (policy::UsageScanner* document = meter_.document()) document->feed(run);
  if (policy::ProviderErrorReader* error = meter_.error()) error->feed(run);
  policy::StreamMeter* stream = meter_.stream();
  if (stream == nullptr) {
    pass_on(run, framer);
    return;
  }
  stream->feed(run);
  while (const auto piece = stream->next()) {
    const auto at = static_cast<std::size_t>(piece->bytes.data() - run.data());
    const std::span<std::byte> bytes = run.subspan(at, piece->bytes.size());
    using enum policy::StreamPiece::Verdict;
    switch (piece->verdict) {
      case drop:
        if (!beginning_went_) {
          drop_held();
          held_run_ = {};
          break;
        }
        // Its beginning is with the client: half of an event is worse than one too many.
        [[fallthrough]];
      case forward:
        beginning_went_ = false;
        if (core::planted(core::PlantedBug::held_event_dropped)) drop_held();
        if (held_bytes_ > 0) queue_held();
        if (!held_run_.empty()) pass_on(std::exchange(held_run_, {}), framer);
        if (!bytes.empty()) pass_on(bytes, framer);
        break;
      case hold:
        extend_held_run(bytes);
        break;
    }
  }
}

// To the client, and into the cache where the answer is kept.
void Exchange::pass_on(std::span<std::byte> bytes, http::BodyFramer& framer) {
  if (cache_ != nullptr) keep(bytes);
  framer.append(bytes);
}

// An event cut by chunks within one buffer is kept in one piece there.
void Exchange::extend_held_run(std::span<std::byte> bytes) {
  if (held_run_.empty()) {
    held_run_ = bytes;
    return;
  }
  std::byte* end = held_run_.data() + held_run_.size();
  if (end != bytes.data()) std::memmove(end, bytes.data(), bytes.size());
  held_run_ = {held_run_.data(), held_run_.size() + bytes.size()};
}

// The buffer goes on its way; the beginning of an event whose end has not come stays with us.
void Exchange::hold(std::span<std::byte> run, http::BodyFramer& framer) {
  if (!held_) held_ = shard_->head_blocks.take();
  if (!held_ || held_bytes_ + run.size() > held_.size() - http::kLastChunk.size()) {
    // No memory for good manners: it goes on as it is.
    if (held_bytes_ > 0) queue_held();
    pass_on(run, framer);
    beginning_went_ = true;
    return;
  }
  std::memcpy(held_.data() + held_bytes_, run.data(), run.size());
  held_bytes_ += static_cast<std::uint32_t>(run.size());
}

void Exchange::queue_held() {
  http::BodyFramer framer(out_framing_);
  pass_on({held_.data(), held_bytes_}, framer);
  bytes_out_ += framer.body_bytes();
  held_bytes_ = 0;
  if (detached_) return held_.reset();
  out_.push_back(std::move(held_), framer.finish());
}

void Exchange::drop_held() {
  held_bytes_ = 0;
  held_.reset();
}

// A large answer that nobody needs to understand goes on without passing through this process.
bool Exchange::splice_answer() {
  const bool plain = passthrough_ != nullptr && out_framing_ == BodyFraming::length &&
                     answer_decoder_.framing() == BodyFraming::length;
  const std::uint64_t rest = answer_decoder_.remaining();
  if (!plain || !bulk_ || no_pipe_left_ || rest < kSpliceBytesMin || !out_.empty()) return false;
  Transport& from = upstream_->transport();
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
    bytes_out_ += bytes;
    shard_->counters.add(ShardCount::bytes_downstream_out, bytes);
    answer_decoder_.pass_over(bytes);
    if (answer_decoder_.complete()) {
      answer_complete(upstream_keep_alive_);
      return;
    }
  } else if (result == -ENOBUFS) {
    no_pipe_left_ = true;
  } else if (result == -EPIPE) {
    downstream_->close();
    return;
  } else {
    upstream_failed(UpstreamFailure::truncated);
    return;
  }
  set_deadline(milliseconds(pool_->provider().row->timeouts.gap_ms));
  want_more_answer();
}

void Exchange::want_more_answer() {
  if (upstream_ == nullptr) return;
  Transport& transport = upstream_->transport();
  const std::size_t queued = detached_ ? 0 : out_.size();
  if (queued >= kQueuedLeasesMax || (bulk_ && queued > 0) ||
      (queued >= kQueuedLeasesWhenShort && small_buffers_short(*shard_))) {
    transport.want_receive(ReceiveMode::off);
    // It is the client who is slow now: its own deadline runs.
    deadline_.set(*shard_->timers, total_deadline_);
    return;
  }
  if (splice_answer()) return;
  transport.want_receive(bulk_ ? ReceiveMode::one_bulk : ReceiveMode::many);
}

// --- its end -------------------------------------------------------------------------------------

void Exchange::answer_complete(bool reusable) {
  if (answer_is_withheld(reusable && request_sent_)) return;
  answer_ended_ = true;
  pool_->learn_answer_bytes(bytes_out_);
  if (policy::StreamMeter* stream = meter_.stream();
      stream != nullptr && stream->end() == policy::StreamEnd::failed) {
    failure_ = UpstreamFailure::truncated;
  }
  if (answer_decoder_.framing() == BodyFraming::until_close) end_until_close();
  finish_keeping();
  end_attempt(end_of_answer());
  move_to(ExchangeState::flushing);
  deadline_.set(*shard_->timers, core::kNever);
  if (reusable && request_sent_ && upstream_ != nullptr) {
    std::exchange(upstream_, nullptr)->release();
  } else {
    abandon_upstream();
  }
  pump_answer();
}

// The body ended with the connection: what is held goes out, then our own framing's end.
void Exchange::end_until_close() {
  if (policy::StreamMeter* stream = meter_.stream()) stream->finish();
  if (held_bytes_ > 0) queue_held();
  if (out_framing_ == BodyFraming::chunked) queue_text(http::kLastChunk);
}

// Upstream broke within its answer. The client must see that: an event of its dialect where there
// is a stream of events, and in any case framing that never completes.
void Exchange::answer_broken(UpstreamFailure failure) {
  answer_ended_ = true;
  answer_cut_ = true;
  keep_alive_ = false;
  shard_->counters.add(ShardCount::answers_broken);
  keep_nothing(core::FlightEnd::failed);
  drop_held();
  if (policy::StreamMeter* stream = meter_.stream();
      stream != nullptr && stream->end() == policy::StreamEnd::open && !detached_ &&
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
    if (answer_ended_) end_detached();
    return;
  }
  if (drains_) return pump_drain();
  Transport& transport = downstream_->transport();
  if (transport.sending() || !transport.is_open()) return;
  if (state_ == ExchangeState::judging_answer &&
      !core::planted(core::PlantedBug::withheld_answer_sent)) {
    return;
  }
  if (!out_.empty()) {
    std::array<std::span<std::byte>, Transport::kSlicesMax> entries;
    const std::size_t count = out_.peek(entries);
    std::array<std::span<const std::byte>, Transport::kSlicesMax> slices;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      slices[i] = entries[i];
      bytes += entries[i].size();
    }
    sending_entries_ = static_cast<std::uint32_t>(count);
    shard_->counters.add(ShardCount::bytes_downstream_out, bytes);
    downstream_->expect_sent(bytes);
    transport.send(std::span(slices.data(), count));
    if (core::planted(core::PlantedBug::buffer_returned_early)) out_.clear();
    return;
  }
  if (answer_ended_) finish();
}

void Exchange::on_downstream_sent() {
  if (served_from_cache()) {
    on_cached_answer_sent();
    return;
  }
  for (; sending_entries_ > 0; --sending_entries_)
    out_.pop_front().reset();
  if (state_ == ExchangeState::relaying && out_.size() < kQueuedLeasesMax / 2) {
    set_deadline(milliseconds(pool_->provider().row->timeouts.gap_ms));
    want_more_answer();
  }
  pump_answer();
}

}  // namespace headrace::net

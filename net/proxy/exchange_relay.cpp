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
  http::BodyFramer framer(answer_.framing);
  std::span<std::byte> rest(lease.data() + offset, lease.size() - offset);
  answer_.held_run = {};
  bool complete = answer_.decoder.complete();
  bool bad = false;
  while (!complete && !rest.empty()) {
    const http::ChunkStep step = answer_.decoder.next(rest);
    if (step.status == http::ChunkStatus::bad) {
      bad = true;
      break;
    }
    if (step.status == http::ChunkStatus::data) {
      const auto at = static_cast<std::size_t>(step.data.data() - rest.data());
      relay_run(rest.subspan(at, step.data.size()), framer);
    }
    rest = rest.subspan(step.consumed);
    complete = answer_.decoder.complete();
    if (step.status == http::ChunkStatus::need_more) break;
  }
  if (complete) {
    // An event without its empty line at the very end is still the client's.
    if (policy::StreamMeter* stream = answer_.meter.stream()) stream->finish();
    if (answer_.held_bytes > 0) queue_held();
    if (!answer_.held_run.empty()) pass_on(std::exchange(answer_.held_run, {}), framer);
    if (!core::planted(core::PlantedBug::last_chunk_dropped))
      framer.last_chunk(lease.data() + offset - http::kLastChunk.size());
  } else if (!answer_.held_run.empty()) {
    hold(std::exchange(answer_.held_run, {}), framer);
  }
  queue_relayed(std::move(lease), offset, head, framer);
  note_progress();
  if (state_ == ExchangeState::closing) return;
  if (detached_ && state_ == ExchangeState::relaying && !still_wanted()) {
    end_detached();
    return;
  }
  if (!bad && !complete && output_used_up()) {
    cut_answer();
  } else if (bad) {
    upstream_failed(UpstreamFailure::truncated);
  } else if (complete) {
    answer_complete((rest.empty() || core::planted(core::PlantedBug::returned_with_leftovers)) &&
                    answer_.upstream_keep_alive);
  } else if (state_ == ExchangeState::judging_answer) {
    if (answer_.out.size() >= kQueuedLeasesMax || bytes_out_ > kWithheldBytesMax) {
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

void Exchange::queue_relayed(core::BufferLease lease, std::size_t offset, std::string_view head,
                             http::BodyFramer& framer) {
  bytes_out_ += framer.body_bytes();
  std::span<std::byte> bytes = framer.finish();
  if (!head.empty()) answer_.started = true;
  if (detached_) return;
  if (!head.empty()) {
    std::byte* body = bytes.empty() ? lease.data() + offset : bytes.data();
    const auto room = static_cast<std::size_t>(body - lease.data()) + kRewriteRoom;
    if (head.size() <= room) {
      std::memcpy(body - head.size(), head.data(), head.size());
      bytes = {body - head.size(), head.size() + bytes.size()};
    } else {
      const std::size_t queued = answer_.out.size();
      queue_text(head);
      if (answer_.out.size() ==
          queued) {  // no memory for it: a body must not go out without its head
        downstream_->close();
        return;
      }
    }
  }
  if (!bytes.empty())
    queue_relieved(*shard_, answer_.out, answer_.sending_entries, std::move(lease), bytes);
}

void Exchange::relay_run(std::span<std::byte> run, http::BodyFramer& framer) {
  if (policy::UsageScanner* document = answer_.meter.document()) document->feed(run);
  if (policy::ProviderErrorReader* error = answer_.meter.error()) error->feed(run);
  policy::StreamMeter* stream = answer_.meter.stream();
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
        if (!answer_.beginning_went) {
          drop_held();
          answer_.held_run = {};
          break;
        }
        // Its beginning is with the client: half of an event is worse than one too many.
        [[fallthrough]];
      case forward:
        answer_.beginning_went = false;
        if (core::planted(core::PlantedBug::held_event_dropped)) drop_held();
        if (answer_.held_bytes > 0) queue_held();
        if (!answer_.held_run.empty()) pass_on(std::exchange(answer_.held_run, {}), framer);
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
  if (answer_.held_run.empty()) {
    answer_.held_run = bytes;
    return;
  }
  std::byte* end = answer_.held_run.data() + answer_.held_run.size();
  if (end != bytes.data()) std::memmove(end, bytes.data(), bytes.size());
  answer_.held_run = {answer_.held_run.data(), answer_.held_run.size() + bytes.size()};
}

// The buffer goes on its way; the beginning of an event whose end has not come stays with us.
void Exchange::hold(std::span<std::byte> run, http::BodyFramer& framer) {
  if (!answer_.held) answer_.held = shard_->head_blocks.take();
  if (!answer_.held ||
      answer_.held_bytes + run.size() > answer_.held.size() - http::kLastChunk.size()) {
    // No memory for good manners: it goes on as it is.
    if (answer_.held_bytes > 0) queue_held();
    pass_on(run, framer);
    answer_.beginning_went = true;
    return;
  }
  std::memcpy(answer_.held.data() + answer_.held_bytes, run.data(), run.size());
  answer_.held_bytes += static_cast<std::uint32_t>(run.size());
}

void Exchange::queue_held() {
  http::BodyFramer framer(answer_.framing);
  pass_on({answer_.held.data(), answer_.held_bytes}, framer);
  bytes_out_ += framer.body_bytes();
  answer_.held_bytes = 0;
  if (detached_) return answer_.held.reset();
  answer_.out.push_back(std::move(answer_.held), framer.finish());
}

void Exchange::drop_held() {
  answer_.held_bytes = 0;
  answer_.held.reset();
}

// A large answer that nobody needs to understand goes on without passing through this process.
bool Exchange::splice_answer() {
  const bool plain = passthrough_ != nullptr && answer_.framing == BodyFraming::length &&
                     answer_.decoder.framing() == BodyFraming::length;
  const std::uint64_t rest = answer_.decoder.remaining();
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
    bytes_out_ += bytes;
    shard_->counters.add(ShardCount::bytes_downstream_out, bytes);
    answer_.decoder.pass_over(bytes);
    if (answer_.decoder.complete()) {
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

void Exchange::want_more_answer() {
  if (call_.connection == nullptr) return;
  Transport& transport = call_.connection->transport();
  const std::size_t queued = detached_ ? 0 : answer_.out.size();
  if (queued >= kQueuedLeasesMax || (answer_.bulk && queued > 0) ||
      (queued >= kQueuedLeasesWhenShort && small_buffers_short(*shard_))) {
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
  call_.pool->learn_answer_bytes(bytes_out_);
  if (policy::StreamMeter* stream = answer_.meter.stream();
      stream != nullptr && stream->end() == policy::StreamEnd::failed) {
    failure_ = UpstreamFailure::truncated;
  }
  if (answer_.decoder.framing() == BodyFraming::until_close) end_until_close();
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

// The body ended with the connection: what is held goes out, then our own framing's end.
void Exchange::end_until_close() {
  if (policy::StreamMeter* stream = answer_.meter.stream()) stream->finish();
  if (answer_.held_bytes > 0) queue_held();
  if (answer_.framing == BodyFraming::chunked) queue_text(http::kLastChunk);
}

// Upstream broke within its answer. The client must see that: an event of its dialect where there
// is a stream of events, and in any case framing that never completes.
void Exchange::answer_broken(UpstreamFailure failure) {
  answer_.ended = true;
  answer_.cut = true;
  keep_alive_ = false;
  shard_->counters.add(ShardCount::answers_broken);
  keep_nothing(core::FlightEnd::failed);
  drop_held();
  if (policy::StreamMeter* stream = answer_.meter.stream();
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
    if (answer_.ended) end_detached();
    return;
  }
  Transport& transport = downstream_->transport();
  if (transport.sending() || !transport.is_open()) return;
  if (state_ == ExchangeState::judging_answer &&
      !core::planted(core::PlantedBug::withheld_answer_sent)) {
    return;
  }
  if (!answer_.out.empty()) {
    std::array<std::span<std::byte>, Transport::kSlicesMax> entries;
    const std::size_t count = answer_.out.peek(entries);
    std::array<std::span<const std::byte>, Transport::kSlicesMax> slices;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      slices[i] = entries[i];
      bytes += entries[i].size();
    }
    answer_.sending_entries = static_cast<std::uint32_t>(count);
    shard_->counters.add(ShardCount::bytes_downstream_out, bytes);
    downstream_->expect_sent(bytes);
    transport.send(std::span(slices.data(), count));
    if (core::planted(core::PlantedBug::buffer_returned_early)) answer_.out.clear();
    return;
  }
  if (answer_.ended) finish();
}

void Exchange::on_downstream_sent() {
  if (served_from_cache()) {
    on_cached_answer_sent();
    return;
  }
  for (; answer_.sending_entries > 0; --answer_.sending_entries)
    answer_.out.pop_front().reset();
  if (state_ == ExchangeState::relaying && answer_.out.size() < kQueuedLeasesMax / 2) {
    set_deadline(milliseconds(call_.pool->provider().row->timeouts.gap_ms));
    want_more_answer();
  }
  pump_answer();
}

}  // namespace headrace::net

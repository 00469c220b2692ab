// The relay stage of an exchange: the upstream's answer on its way to the client, metered.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/http/chunk_writer.h"
#include "net/http/forwarding.h"
#include "net/http/text.h"
#include "net/proxy/buffer_relief.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

using http::BodyFraming;
using http::FieldId;
using std::chrono::milliseconds;

namespace {

// From this size on an answer of known length is received into large buffers.
constexpr std::uint64_t kBulkAnswerBytes = 16 * 1024;

// The type without its parameters; RFC 9110 section 8.3.1 lets its case be anything.
bool is_media_type(std::string_view content_type, std::string_view type) {
  const std::string_view start = content_type.substr(0, type.size());
  const std::string_view rest = content_type.substr(start.size());
  return http::equals_ignoring_case(start, type) &&
         (rest.empty() || rest.front() == ';' || rest.front() == ' ' || rest.front() == '\t');
}

bool is_encoded(const http::ResponseHead& head) {
  const std::string_view coding = head.fields.value(FieldId::content_encoding);
  return !coding.empty() && !http::equals_ignoring_case(coding, "identity");
}

}  // namespace

// --- the answer's head ---------------------------------------------------------------------------

void Exchange::on_upstream_received(core::BufferLease lease) {
  if (state_ == ExchangeState::relaying) {
    relay(std::move(lease), 0, {});
    return;
  }
  if (state_ != ExchangeState::sending && state_ != ExchangeState::awaiting_answer) {
    // Behind a complete answer: the connection is not fit for another request.
    return;
  }
  if (!answer_seen_) {
    answer_seen_ = true;
    first_byte_at_ = shard_->now();
    shard_->counters.first_byte_nanos.record(
        static_cast<std::uint64_t>((first_byte_at_ - sent_at_).count()));
  }
  if (answer_gathered_bytes_ == 0) {
    const std::size_t bytes = lease.size();
    read_answer_head(std::move(lease), 0, bytes);
    return;
  }
  const std::size_t needed = answer_gathered_bytes_ + lease.size();
  if (answer_gathered_.size() <= needed) {
    answer_gathered_ = shard_->bodies.grow(answer_gathered_, answer_gathered_bytes_, needed + 1);
  }
  if (!answer_gathered_) {
    upstream_failed(UpstreamFailure::no_memory);
    return;
  }
  std::memcpy(answer_gathered_.data() + answer_gathered_bytes_, lease.data(), lease.size());
  lease.reset();
  read_answer_head(std::move(answer_gathered_), 0, needed);
}

void Exchange::read_answer_head(core::BufferLease lease, std::size_t offset, std::size_t bytes) {
  http::ResponseHead& head = shard_->response_head;
  for (;;) {
    const http::HeadResult result = http::parse_response_head(
        {reinterpret_cast<const char*>(lease.data()) + offset, bytes - offset},
        config_->head_limits(), method_, head, answer_scan_);
    if (result.status == http::HeadStatus::bad) {
      upstream_failed(UpstreamFailure::invalid_answer);
      return;
    }
    if (result.status == http::HeadStatus::incomplete) break;
    answer_scan_ = {};
    offset += result.consumed;
    if (!head.interim()) {
      begin_relay(std::move(lease), offset, bytes);
      return;
    }
    if (++interim_answers_ > kInterimAnswersMax) {
      upstream_failed(UpstreamFailure::invalid_answer);
      return;
    }
  }
  // The rest is still to come, also where only the next bytes were asked for so far.
  upstream_->transport().want_receive(ReceiveMode::many);
  const std::size_t rest = bytes - offset;
  answer_gathered_bytes_ = static_cast<std::uint32_t>(rest);
  if (rest == 0) return;
  if (lease.size() > bytes && offset == 0) {
    answer_gathered_ = std::move(lease);
    return;
  }
  core::BufferLease gathered = shard_->bodies.take(rest + 1);
  if (!gathered) {
    upstream_failed(UpstreamFailure::no_memory);
    return;
  }
  std::memcpy(gathered.data(), lease.data() + offset, rest);
  answer_gathered_ = std::move(gathered);
}

void Exchange::begin_relay(core::BufferLease lease, std::size_t head_bytes, std::size_t bytes) {
  const http::ResponseHead& head = shard_->response_head;
  move_to(ExchangeState::relaying);
  if (request_sent_) release_message();
  if (!body_complete_) {
    // An early answer: what is left of the request need not come.
    keep_alive_ = false;
    downstream_->body_done();
  }
  status_ = head.status;
  upstream_keep_alive_ = head.keep_alive;
  answer_decoder_ = http::BodyDecoder(head.framing, head.content_length);
  start_meter(head);
  choose_framing(head);
  bulk_ = pool_->expects_bulk() ||
          (head.framing == BodyFraming::length && head.content_length >= kBulkAnswerBytes);

  std::array<char, kHeadBlockBytes> room;
  http::HeadWriter writer{std::span<char>(room)};
  write_answer_head(head, writer);
  if (!writer.ok()) {
    upstream_failed(UpstreamFailure::invalid_answer);
    return;
  }
  set_deadline(milliseconds(pool_->provider().row->timeouts.gap_ms));
  if (bytes > head_bytes || head_bytes > 0) {
    lease.shrink(bytes);
    relay(std::move(lease), head_bytes, writer.text());
  }
}

void Exchange::start_meter(const http::ResponseHead& head) {
  if (passthrough_ != nullptr || head.status != 200 || is_encoded(head)) return;
  const std::string_view type = head.fields.value(FieldId::content_type);
  if (is_media_type(type, "text/event-stream")) {
    meter_.start_stream(match_.endpoint, {.strip_usage_chunk = strip_usage_});
    streaming_ = true;
    shard_->counters.gauges.streams_open.add(1);
  } else if (is_media_type(type, "application/json")) {
    meter_.start_document(match_.endpoint);
  }
}

void Exchange::choose_framing(const http::ResponseHead& head) {
  if (head.framing == BodyFraming::none) {
    out_framing_ = BodyFraming::none;
  } else if (head.framing == BodyFraming::length && meter_.stream() == nullptr) {
    out_framing_ = BodyFraming::length;
  } else if (!client_http_1_0_) {
    out_framing_ = BodyFraming::chunked;
  } else {
    out_framing_ = BodyFraming::until_close;
    keep_alive_ = false;
  }
}

void Exchange::write_answer_head(const http::ResponseHead& head, http::HeadWriter& writer) {
  writer.status_line(head.status);
  for (const http::Field& field : head.fields) {
    if (http::forwards(field, http::kResponseFieldsWithheld)) writer.forward(field);
  }
  if (!head.fields.has(FieldId::date)) {
    writer.field(FieldId::date, shard_->date.at(shard_->io->wall_now()));
  }
  write_own_fields(writer);
  if (out_framing_ == BodyFraming::length ||
      (out_framing_ == BodyFraming::none && head.has_content_length)) {
    writer.field(FieldId::content_length, head.content_length);
  } else if (out_framing_ == BodyFraming::chunked) {
    writer.lines("Transfer-Encoding: chunked\r\n");
  }
  writer.end();
}

// What every answer carries, ours and the provider's.
void Exchange::write_own_fields(http::HeadWriter& writer) {
  if (downstream_->ends_with_this()) keep_alive_ = false;
  writer.field(FieldId::x_request_id, request_id_.text());
  if (config_->http().via == policy::config::Switch::on) writer.lines("Via: 1.1 headrace\r\n");
  if (!keep_alive_) {
    writer.lines("Connection: close\r\n");
  } else if (client_http_1_0_) {
    writer.lines("Connection: keep-alive\r\n");
  }
}

// --- the body ------------------------------------------------------------------------------------

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
    if (!held_run_.empty()) framer.append(std::exchange(held_run_, {}));
    if (!core::planted(core::PlantedBug::last_chunk_dropped))
      framer.last_chunk(lease.data() + offset - http::kLastChunk.size());
  } else if (!held_run_.empty()) {
    hold(std::exchange(held_run_, {}), framer);
  }
  queue_relayed(std::move(lease), offset, head, framer);
  if (state_ == ExchangeState::closing) return;
  if (bad) {
    upstream_failed(UpstreamFailure::truncated);
  } else if (complete) {
    answer_complete((rest.empty() || core::planted(core::PlantedBug::returned_with_leftovers)) &&
                    upstream_keep_alive_);
  } else {
    set_deadline(milliseconds(pool_->provider().row->timeouts.gap_ms));
    want_more_answer();
    pump_answer();
  }
  // Nothing here: an answer that has ended may already have taken the exchange with it.
}

void Exchange::queue_relayed(core::BufferLease lease, std::size_t offset, std::string_view head,
                             http::BodyFramer& framer) {
  bytes_out_ += framer.body_bytes();
  std::span<std::byte> bytes = framer.finish();
  if (!head.empty()) {
    answer_started_ = true;
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
  policy::StreamMeter* stream = meter_.stream();
  if (stream == nullptr) {
    framer.append(run);
    return;
  }
  stream->feed(run);
  while (const auto piece = stream->next()) {
    const auto at = static_cast<std::size_t>(piece->bytes.data() - run.data());
    const std::span<std::byte> bytes = run.subspan(at, piece->bytes.size());
    using enum policy::StreamPiece::Verdict;
    switch (piece->verdict) {
      case forward:
        if (core::planted(core::PlantedBug::held_event_dropped)) drop_held();
        if (held_bytes_ > 0) queue_held();
        if (!held_run_.empty()) framer.append(std::exchange(held_run_, {}));
        if (!bytes.empty()) framer.append(bytes);
        break;
      case drop:
        drop_held();
        held_run_ = {};
        break;
      case hold:
        extend_held_run(bytes);
        break;
    }
  }
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
    framer.append(run);
    return;
  }
  std::memcpy(held_.data() + held_bytes_, run.data(), run.size());
  held_bytes_ += static_cast<std::uint32_t>(run.size());
}

void Exchange::queue_held() {
  http::BodyFramer framer(out_framing_);
  framer.append({held_.data(), held_bytes_});
  bytes_out_ += framer.body_bytes();
  held_bytes_ = 0;
  out_.push_back(std::move(held_), framer.finish());
}

void Exchange::drop_held() {
  held_bytes_ = 0;
  held_.reset();
}

void Exchange::want_more_answer() {
  if (upstream_ == nullptr) return;
  Transport& transport = upstream_->transport();
  const std::size_t queued = out_.size();
  if (queued >= kQueuedLeasesMax || (bulk_ && queued > 0) ||
      (queued >= kQueuedLeasesWhenShort && small_buffers_short(*shard_))) {
    transport.want_receive(ReceiveMode::off);
    // It is the client who is slow now: its own deadline runs.
    deadline_.set(*shard_->timers, total_deadline_);
    return;
  }
  transport.want_receive(bulk_ ? ReceiveMode::one_bulk : ReceiveMode::many);
}

// --- its end -------------------------------------------------------------------------------------

void Exchange::answer_complete(bool reusable) {
  answer_ended_ = true;
  pool_->learn_answer_bytes(bytes_out_);
  if (policy::StreamMeter* stream = meter_.stream();
      stream != nullptr && stream->end() == policy::StreamEnd::failed) {
    failure_ = UpstreamFailure::truncated;
  }
  if (answer_decoder_.framing() == BodyFraming::until_close) end_until_close();
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
  drop_held();
  if (policy::StreamMeter* stream = meter_.stream();
      stream != nullptr && stream->end() == policy::StreamEnd::open &&
      !core::planted(core::PlantedBug::error_event_unsent)) {
    queue_error_event(failure, *stream);
  }
  if (state_ == ExchangeState::relaying) move_to(ExchangeState::flushing);
  deadline_.set(*shard_->timers, core::kNever);
  abandon_upstream();
  pump_answer();
}

void Exchange::pump_answer() {
  Transport& transport = downstream_->transport();
  if (transport.sending() || !transport.is_open()) return;
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
  for (; sending_entries_ > 0; --sending_entries_)
    out_.pop_front().reset();
  if (state_ == ExchangeState::relaying && out_.size() < kQueuedLeasesMax / 2) {
    set_deadline(milliseconds(pool_->provider().row->timeouts.gap_ms));
    want_more_answer();
  }
  pump_answer();
}

}  // namespace headrace::net

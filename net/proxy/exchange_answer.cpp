// The relay stage of an exchange: the upstream's answer on its way to the client, metered.
#include <algorithm>
#include <array>
#include <utility>

#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/http/text.h"
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
// A failed answer that may not be the last one is waited for so long, and then goes to the client.
constexpr core::Duration kFailedAnswerTime = std::chrono::seconds(2);

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

bool is_event_stream(const http::ResponseHead& head) {
  return head.status == 200 && !is_encoded(head) &&
         is_media_type(head.fields.value(FieldId::content_type), "text/event-stream");
}

}  // namespace

// --- the answer's head ---------------------------------------------------------------------------

void Exchange::on_upstream_received(core::BufferLease lease) {
  if (state_ == ExchangeState::relaying || state_ == ExchangeState::judging_answer) {
    relay(std::move(lease), 0, {});
    return;
  }
  if (state_ != ExchangeState::sending && state_ != ExchangeState::awaiting_answer) {
    // Behind a complete answer: the connection is not fit for another request.
    return;
  }
  note_answer_begun(shard_->now());
  using Read = AnswerHead::Read;
  switch (answer_.head.take(*shard_, config_->head_limits(), request_.method, std::move(lease))) {
    case Read::incomplete:
      // The rest is still to come, also where only the next bytes were asked for so far.
      call_.connection->transport().want_receive(ReceiveMode::many);
      return;
    case Read::bad:
      upstream_failed(UpstreamFailure::invalid_answer);
      return;
    case Read::no_memory:
      upstream_failed(UpstreamFailure::no_memory);
      return;
    case Read::whole:
      begin_relay();
      return;
  }
}

void Exchange::note_answer_begun(core::Instant at) {
  if (answer_.seen) return;
  answer_.seen = true;
  answer_.first_byte_at = at;
  note_first_byte();
  shard_->counters.first_byte_nanos.record(
      static_cast<std::uint64_t>((at - call_.sent_at).count()));
}

// The head is whole, and stands in the shard's scratch.
void Exchange::begin_relay() {
  auto [lease, head_bytes, bytes] = answer_.head.take_whole();
  enter(policy::Stage::relay);
  const http::ResponseHead& head = shard_->response_head;
  learn_from_head(call_, head);
  const policy::AttemptEnd end = policy::end_of_status(head.status);
  if (answer_.early && !is_event_stream(head)) {
    end_attempt(end);
    upstream_failed(UpstreamFailure::invalid_answer);
    return;
  }
  if (!choose_call(end)) return;
  const bool again = silent_ != nullptr || (!call_.forbids(end) && may_try_again());
  const bool withheld = (call_.sent && policy::row(end).retry && again) ||
                        (may_refuse_our_key(head.status) && !awaits_last_byte_);
  if (!withheld && refuses_our_key(head.status)) {
    reply_key_refused();
    return;
  }
  move_to(withheld ? ExchangeState::judging_answer : ExchangeState::relaying);
  if (call_.sent && !withheld && !core::planted(core::PlantedBug::retried_after_first_byte)) {
    release_message();
  }
  if (!body_complete_) {
    // An early answer: what is left of the request need not come.
    keep_alive_ = false;
    downstream_->body_done();
  }
  if (!detached_) status_ = head.status;
  answer_.upstream_keep_alive = head.keep_alive;
  answer_.body.expect(head.framing, head.content_length);
  start_meter(head);
  if (!withheld) start_keeping(head);
  if (!answer_.early) choose_framing(head);
  answer_.bulk = !withheld &&
                 (call_.pool->expects_bulk() ||
                  (head.framing == BodyFraming::length && head.content_length >= kBulkAnswerBytes));
  answer_.out.gather(withheld);

  note_use(head, std::span(lease.data(), bytes).subspan(head_bytes));
  std::array<char, kHeadBlockBytes> room;
  http::HeadWriter writer{std::span<char>(room)};
  write_answer_head(head, writer);
  if (!writer.ok()) {
    upstream_failed(UpstreamFailure::invalid_answer);
    return;
  }
  const milliseconds gap(call_.pool->provider().row->timeouts.gap_ms);
  set_deadline(withheld ? std::min<core::Duration>(gap, kFailedAnswerTime) : gap);
  if (bytes > head_bytes || head_bytes > 0) {
    lease.shrink(bytes);
    // Where the stream was begun before, its head went then.
    relay(std::move(lease), head_bytes, answer_.early ? std::string_view() : writer.text());
  }
}

void Exchange::start_meter(const http::ResponseHead& head) {
  if (is_encoded(head)) return;
  if (head.status >= 400) {
    answer_.body.meter().start_error();
    return;
  }
  if (passthrough_ != nullptr || head.status != 200) return;
  if (is_event_stream(head)) {
    answer_.body.meter().start_stream(request_.match.endpoint,
                                      {.strip_usage_chunk = answer_.strip_usage});
    if (!answer_.streaming) shard_->counters.gauges.streams_open.add(1);
    answer_.streaming = true;
  } else if (!is_media_type(head.fields.value(FieldId::content_type), "application/json")) {
    return;
  } else if (request_.match.endpoint == policy::Endpoint::stream_generate_content) {
    // Without alt=sse the events are the elements of one array.
    answer_.body.meter().start_stream(request_.match.endpoint,
                                      {.form = policy::StreamForm::json_array});
  } else {
    answer_.body.meter().start_document(
        request_.match.endpoint,
        shard_->answer_patterns.at(call_.provider, std::to_underlying(request_.match.endpoint)));
  }
}

void Exchange::choose_framing(const http::ResponseHead& head) {
  if (head.framing == BodyFraming::none) {
    answer_.body.send_as(BodyFraming::none);
  } else if (head.framing == BodyFraming::length && answer_.body.meter().stream() == nullptr) {
    answer_.body.send_as(BodyFraming::length);
  } else if (!request_.http_1_0) {
    answer_.body.send_as(BodyFraming::chunked);
  } else {
    answer_.body.send_as(BodyFraming::until_close);
    keep_alive_ = false;
  }
}

}  // namespace headrace::net

// The relay stage of an exchange: the upstream's answer on its way to the client, metered.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/http/chunk_writer.h"
#include "net/http/cors.h"
#include "net/http/forwarding.h"
#include "net/http/text.h"
#include "net/proxy/buffer_relief.h"
#include "net/proxy/cache_head.h"
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
  if (!answer_seen_) {
    answer_seen_ = true;
    first_byte_at_ = shard_->now();
    note_first_byte();
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
  explain(policy::Stage::relay);
  const http::ResponseHead& head = shard_->response_head;
  learn_from_head(head);
  if (early_ && !is_event_stream(head)) {
    end_attempt(policy::end_of_status(head.status));
    upstream_failed(UpstreamFailure::invalid_answer);
    return;
  }
  const bool withheld = head.status >= 400 && request_sent_ && !never_again_ && may_try_again() &&
                        policy::row(policy::end_of_status(head.status)).retry;
  move_to(withheld ? ExchangeState::judging_answer : ExchangeState::relaying);
  if (request_sent_ && !withheld && !core::planted(core::PlantedBug::retried_after_first_byte)) {
    release_message();
  }
  if (!body_complete_) {
    // An early answer: what is left of the request need not come.
    keep_alive_ = false;
    downstream_->body_done();
  }
  if (!detached_) status_ = head.status;
  upstream_keep_alive_ = head.keep_alive;
  answer_decoder_ = http::BodyDecoder(head.framing, head.content_length);
  start_meter(head);
  if (!withheld) start_keeping(head);
  if (!early_) choose_framing(head);
  bulk_ = pool_->expects_bulk() ||
          (head.framing == BodyFraming::length && head.content_length >= kBulkAnswerBytes);

  std::array<char, kHeadBlockBytes> room;
  http::HeadWriter writer{std::span<char>(room)};
  write_answer_head(head, writer);
  if (!writer.ok()) {
    upstream_failed(UpstreamFailure::invalid_answer);
    return;
  }
  const milliseconds gap(pool_->provider().row->timeouts.gap_ms);
  set_deadline(withheld ? std::min<core::Duration>(gap, kFailedAnswerTime) : gap);
  if (bytes > head_bytes || head_bytes > 0) {
    lease.shrink(bytes);
    // Where the stream was begun before, its head went then.
    relay(std::move(lease), head_bytes, early_ ? std::string_view() : writer.text());
  }
}

void Exchange::start_meter(const http::ResponseHead& head) {
  if (is_encoded(head)) return;
  if (head.status >= 400) {
    meter_.start_error();
    return;
  }
  if (passthrough_ != nullptr || head.status != 200) return;
  if (is_event_stream(head)) {
    meter_.start_stream(match_.endpoint, {.strip_usage_chunk = strip_usage_});
    if (!streaming_) shard_->counters.gauges.streams_open.add(1);
    streaming_ = true;
  } else if (is_media_type(head.fields.value(FieldId::content_type), "application/json")) {
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
  http::FieldSet withheld = http::kResponseFieldsWithheld;
  if (passthrough_ == nullptr) {
    withheld.insert(FieldId::cache_control);
    writer.lines(kNotForSharedCaches);
  }
  const bool own_cors = downstream_->listener().link().cors.any();
  // The gateway has tried as often as it makes sense.
  const bool tried_enough =
      tries_ > 1 && !may_try_again() && policy::row(policy::end_of_status(head.status)).retry;
  for (const http::Field& field : head.fields) {
    if (!http::forwards(field, withheld)) continue;
    if (tried_enough && http::equals_ignoring_case(field.name, "x-should-retry")) continue;
    // The account is the gateway's; its clients have limits of their own.
    if (field.id == FieldId::other && policy::tells_of_the_account(field.name)) continue;
    if ((own_cors && http::is_cors_field(field.name)) || http::is_own_field(field.name)) continue;
    writer.forward(field);
  }
  if (tried_enough) writer.lines("x-should-retry: false\r\n");
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
  if (cache_said_ != CacheSaid::nothing) {
    constexpr std::array<std::string_view, 4> kLines = {"", "X-Cache: BYPASS\r\n",
                                                        "X-Cache: MISS\r\n", "X-Cache: HIT\r\n"};
    writer.lines(kLines[static_cast<std::size_t>(cache_said_)]);
  }
  write_told_fields(writer);
  if (!cors_origin_.empty()) http::write_allowed_origin(cors_origin_, writer);
  if (config_->http().via == policy::config::Switch::on) writer.lines("Via: 1.1 headrace\r\n");
  if (quota_ != nullptr) write_quota_fields(writer);
  if (!keep_alive_) {
    writer.lines("Connection: close\r\n");
  } else if (client_http_1_0_) {
    writer.lines("Connection: keep-alive\r\n");
  }
}

}  // namespace headrace::net

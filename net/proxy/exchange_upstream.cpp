// The upstream stage of an exchange: a connection, the request on its way, one safe replay.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/http/trace_parent.h"
#include "net/proxy/buffer_relief.h"
#include "net/proxy/exchange.h"
#include "net/proxy/presented_credentials.h"
#include "net/proxy/upstream_target.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

using http::BodyFraming;
using http::FieldId;
using std::chrono::milliseconds;

namespace {

// Sent in one go at most, so that one large prompt does not hold up everybody else.
constexpr std::size_t kSendTurnBytes = 256 * 1024;
constexpr std::size_t kUpstreamHeadBytesMax = kHeadBlockBytes;

}  // namespace

void Exchange::call_upstream() {
  call_.pool = &config_->pool(call_.provider);
  // A safe replay is of the same attempt.
  if (!call_.hold.under_way && !begin_attempt()) return;
  move_to(ExchangeState::awaiting_upstream);
  const auto& timeouts = call_.pool->provider().row->timeouts;
  // Of all its tries: by whom is asked first, and by the route.
  if (total_deadline_ == core::kNever) {
    total_deadline_ = shard_->now() + milliseconds(timeouts.total_ms);
    if (route_ != nullptr && route_->total_timeout_ms != 0) {
      total_deadline_ =
          std::min(total_deadline_, request_.begun_at + milliseconds(route_->total_timeout_ms));
    }
  }
  ++tries_.requests_sent;
  if (!call_.replayed) note_attempt();
  if (call_.replayed) {
    call_.pool->acquire_fresh(*this);
  } else if (UpstreamConnection* connection = call_.pool->acquire(*this); connection != nullptr) {
    on_upstream_ready(*connection);
    return;
  }
  // A connection may also fail at once, and with it this request.
  if (state_ != ExchangeState::awaiting_upstream) return;
  set_deadline(milliseconds(timeouts.connect_ms));
  relieve_receive_buffers();
}

void Exchange::on_upstream_ready(UpstreamConnection& connection) {
  call_.connection = &connection;
  move_to(ExchangeState::sending);
  call_.sent_at = shard_->now();
  expect_silence();
  set_deadline(milliseconds(call_.pool->provider().row->timeouts.first_byte_ms));
  if (message_->written_head.empty() && !write_request_head()) {
    reply(policy::Reason::head_too_large, policy::MessageId::head_grows_too_large);
    return;
  }
  message_->sent_bytes = 0;
  call_.send_failed = false;
  if (streams_up_) {
    start_upload_pieces();
  } else {
    send_request();
  }
}

void Exchange::on_upstream_failed(UpstreamFailure failure) {
  upstream_failed(failure);
}

bool Exchange::write_request_head() {
  RequestMessage& message = *message_;
  const http::RequestHead& head = request_head();
  const Listener& listener = downstream_->listener();
  const policy::config::ConfigView& view = config_->view();

  UpstreamRequest request;
  request.head = &head;
  request.provider = &call_.pool->provider();
  request.key = &call_.pool->provider().keys[call_.hold.key];
  if (call_.target != nullptr && request_.match.dialect == policy::Dialect::gemini) {
    request.model_in_path =
        policy::match_endpoint(head.method_text, head.path(), false).model_in_path;
    request.model = view.text(call_.target->model);
  }
  request.answer_is_read = passthrough_ == nullptr || body_tells_of_our_key();
  if (streams_up_) {
    request.framing = message.decoder.framing();
    request.content_length = message.decoder.remaining();
  } else if (head.framing != BodyFraming::none) {
    request.framing = BodyFraming::length;
    request.content_length = message.edits.length_after(message.body_bytes);
  }
  std::array<char, policy::kCredentialBytesMax> decoded;
  if (brings_own_key_) {
    HEADRACE_CHECK(call_.provider == own_key_provider_, "a client's own key has one provider");
    request.own_key = policy::choose_own_key(presented_credentials(head, decoded)).key;
  }
  request.request_id = request_.id.text();
  request.traced = http::is_trace_parent(head.fields.value(FieldId::traceparent));
  if (request.traced) request.span = shard_->io->random() | 1U;
  request.x_forwarded = listener.link().x_forwarded;
  request.forwarded = listener.link().forwarded;
  if (request.x_forwarded || request.forwarded) request.peer = &downstream_->peer();
  request.peer_trusted = request.peer != nullptr && request.peer->known() &&
                         listener.link().trusted_proxies.contains(request.peer->address());
  request.downstream_tls = downstream_->transport().is_tls();
  if (request.provider->row->context != policy::config::ContextHeaders::off) {
    request.context = {.config = &view,
                       .caller = &caller_,
                       .user = request_.user.text(),
                       .request_id = request_.id.text(),
                       .secret = request.provider->context_secret,
                       .now_unix_s = wall_seconds()};
  }
  request.via = config_->http().via == policy::config::Switch::on;

  std::array<char, kUpstreamHeadBytesMax> room;
  http::HeadWriter writer{std::span<char>(room)};
  write_upstream_head(request, writer);
  if (!writer.ok()) return false;

  // Directly before the body, over the head that it was written from, unless that may be needed
  // once more.
  const std::size_t bytes = writer.size();
  if (!streams_up_ && bytes <= message.head_bytes + kRewriteRoom && !goes_elsewhere()) {
    message.take_head(room, bytes);
    return true;
  }
  message.head_block = shard_->head_blocks.take();
  if (!message.head_block) message.head_block = shard_->bodies.take(bytes);
  if (!message.head_block || message.head_block.size() < bytes) return false;
  std::memcpy(message.head_block.data(), room.data(), bytes);
  message.written_head = {message.head_block.data(), bytes};
  return true;
}

// What is left of head and body, as slices, at most kSendTurnBytes.
std::size_t Exchange::request_slices(
    std::span<std::span<const std::byte>, Transport::kSlicesMax> out) const {
  const RequestMessage& message = *message_;
  std::size_t skip = message.sent_bytes;
  std::size_t room = kSendTurnBytes;
  std::size_t count = 0;
  const auto add = [&](std::span<const std::byte> slice) {
    const std::size_t skipped = std::min(skip, slice.size());
    skip -= skipped;
    slice = slice.subspan(skipped);
    slice = slice.first(std::min(slice.size(), room));
    if (slice.empty()) return;
    room -= slice.size();
    if (count > 0 && out[count - 1].data() + out[count - 1].size() == slice.data()) {
      out[count - 1] = {out[count - 1].data(), out[count - 1].size() + slice.size()};
    } else if (count < out.size()) {
      out[count++] = slice;
    }
  };
  add(message.written_head);
  if (message.edits.empty()) {
    add(message.rest_of_body());
    return count;
  }
  std::array<std::string_view, policy::EditList::kSlicesMax> slices;
  const std::size_t slice_count = message.edits.slices(
      {reinterpret_cast<const char*>(message.body_begin()), message.body_bytes}, slices);
  for (std::size_t i = 0; i < slice_count; ++i)
    add(std::as_bytes(std::span(slices[i])));
  return count;
}

void Exchange::send_request() {
  std::array<std::span<const std::byte>, Transport::kSlicesMax> slices;
  const std::size_t count = request_slices(slices);
  sending_request_bytes_ = 0;
  for (std::size_t i = 0; i < count; ++i)
    sending_request_bytes_ += slices[i].size();
  call_.last_leaves = message_->sent_bytes + sending_request_bytes_ >= message_->bytes_to_send();
  call_.connection->transport().send(std::span(slices.data(), count));
}

void Exchange::on_upstream_sent(bool all) {
  if (call_.replay_when_sent) {
    call_.replay_when_sent = false;
    replay();
    return;
  }
  if (call_.broken_sending) {
    upstream_failed(UpstreamFailure::closed_early);
    return;
  }
  if (!all && awaits_last_byte_ && !answer_.seen) {
    call_.last_leaves = false;
    end_detached();
    return;
  }
  if (!all) {
    // What went wrong is told by the receiving side, with an answer perhaps: a refusal that came
    // before the body was read may lie behind this in the same turn.
    call_.send_failed = true;
    call_.last_leaves = false;
    if (!answer_.seen) set_deadline(kLastWordsTime);
    return;
  }
  // The time to the first byte counts from the request's last one; while it leaves, from each part.
  if (state_ == ExchangeState::sending) {
    set_deadline(milliseconds(call_.pool->provider().row->timeouts.first_byte_ms));
  }
  if (streams_up_) {
    upload_sent();
    return;
  }
  RequestMessage& message = *message_;
  message.sent_bytes += sending_request_bytes_;
  if (message.sent_bytes < message.bytes_to_send() &&
      !core::planted(core::PlantedBug::rest_unsent)) {
    send_request();
    return;
  }
  on_request_sent();
}

void Exchange::on_request_sent() {
  call_.sent = true;
  if (state_ == ExchangeState::sending) {
    move_to(ExchangeState::awaiting_answer);
    expect_answer();
    // It may have to go out once more: where the connection was a kept one, or by a retry.
    const bool once_more = call_.connection->requests_before() > 0 || may_try_again() ||
                           core::planted(core::PlantedBug::replayed_again);
    once_more ? relieve_receive_buffers() : release_message();
    if (!awaits_last_byte_) return;
    awaits_last_byte_ = false;
    if (!for_usage_) end_detached();
  } else if (state_ != ExchangeState::judging_answer) {
    release_message();
  }
}

// A request waits, for a connection, or for its answer, kept for a replay. Where many do, their
// receive buffers would be missed by those who are just coming in: then it moves. Nothing of it is
// being sent now.
void Exchange::relieve_receive_buffers() {
  if (!small_buffers_scarce(*shard_)) return;
  RequestMessage& message = *message_;
  if (!message.lease || message.lease.size() > shard_->small_buffer_bytes) return;
  if (streams_up_ && message.head_block) return;
  const bool written = !message.written_head.empty() && !message.head_block;
  const std::byte* first = written ? message.written_head.data() : message.lease.data();
  const auto head_bytes = static_cast<std::size_t>(message.body_begin() - first);
  const std::size_t bytes = head_bytes + std::max(message.body_bytes, message.arrived_bytes);
  if (bytes > core::BodyPool::kSmallestBytes) return;
  core::BufferLease other = shard_->bodies.take(bytes);
  if (!other) return;
  std::memcpy(other.data(), first, bytes);
  message.lease = std::move(other);
  message.head_bytes = head_bytes;
  if (written) message.written_head = {message.lease.data(), message.written_head.size()};
  head_in_scratch_ = false;  // what was parsed there lay in the buffer that went
  shard_->counters.add(ShardCount::requests_copied);
}

}  // namespace headrace::net

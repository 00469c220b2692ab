// Bodies that pass through unread, in fixed memory, from the client to the provider.
#include <cstring>

#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/http/chunk_writer.h"
#include "net/proxy/buffer_relief.h"
#include "net/proxy/exchange.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

void Exchange::start_upload() {
  if (message_->decoder.complete()) {
    body_complete_ = true;
  } else {
    downstream_->transport().want_receive(ReceiveMode::one);
    if (continue_expected_) send_continue();
  }
  call_upstream();
}

void Exchange::start_upload_pieces() {
  RequestMessage& message = *message_;
  call_.last_leaves = body_complete_;
  call_.connection->transport().send(message.written_head);
  if (state_ != ExchangeState::sending) return;  // failed at once, and is answered
  // The bytes that came with the head follow it; its own bytes are no longer needed.
  if (message.arrived_bytes > 0) {
    core::BufferLease first = std::move(message.lease);
    if (!frame_upload(std::move(first), message.head_bytes, message.arrived_bytes)) return;
  }
  message.lease.reset();
  while (!message.pending_upload.empty()) {
    const std::span<std::byte> bytes = message.pending_upload.front_bytes();
    core::BufferLease lease = message.pending_upload.pop_front();
    const auto offset = static_cast<std::size_t>(bytes.data() - lease.data());
    if (!frame_upload(std::move(lease), offset, bytes.size())) return;
  }
}

void Exchange::upload(core::BufferLease lease) {
  const bool waiting =
      state_ == ExchangeState::awaiting_upstream || state_ == ExchangeState::parked;
  if (!waiting && call_.connection == nullptr) {
    return;  // answered before it was whole: what still comes is thrown away
  }
  RequestMessage& message = *message_;
  if (waiting) {
    const std::span<std::byte> bytes = lease.bytes();
    queue_relieved(*shard_, message.pending_upload, 0, std::move(lease), bytes);
    // A few pieces more, to hear of it when the client leaves.
    if (message.pending_upload.size() < kQueuedLeasesMax && !small_buffers_scarce(*shard_)) {
      downstream_->transport().want_receive(ReceiveMode::one);
    }
    return;
  }
  // It is the provider who may be slow until this piece is sent; nothing further is asked for.
  downstream_->pause_body();
  const std::size_t bytes = lease.size();
  if (frame_upload(std::move(lease), 0, bytes)) pump_upload();
}

// False: it was bad, and its request is over; the message is gone.
bool Exchange::frame_upload(core::BufferLease lease, std::size_t offset, std::size_t bytes) {
  RequestMessage& message = *message_;
  http::BodyFramer framer(message.decoder.framing());
  std::span<std::byte> rest(lease.data() + offset, bytes);
  if (body_complete_) {  // with an earlier buffer: this one is the next request's
    if (!downstream_->keep_for_later(rest)) keep_alive_ = false;
    return true;
  }
  while (!body_complete_) {
    const http::ChunkStep step = message.decoder.next(rest);
    if (step.status == http::ChunkStatus::bad) {
      refuse_upload(policy::Reason::invalid_request, policy::MessageId::body_framing);
      return false;
    }
    if (step.status == http::ChunkStatus::data && message.must_not_be_json &&
        message.beginning.take(step.data)) {
      refuse_upload(policy::Reason::unsupported_media, policy::MessageId::stored_unseen);
      return false;
    }
    if (message.form != nullptr && !judge_form(step)) return false;
    if (step.status == http::ChunkStatus::data) {
      const auto at = static_cast<std::size_t>(step.data.data() - rest.data());
      framer.append(rest.subspan(at, step.data.size()));
      bytes_in_ += step.data.size();
    }
    rest = rest.subspan(step.consumed);
    if (message.decoder.complete()) {
      body_complete_ = true;
      if (!downstream_->keep_for_later(rest)) keep_alive_ = false;
      if (!core::planted(core::PlantedBug::upload_unended))
        framer.last_chunk(lease.data() - http::kLastChunk.size());
      downstream_->body_done();
    }
    if (step.status == http::ChunkStatus::need_more || rest.empty()) break;
  }
  const std::span<std::byte> framed = framer.finish();
  // The first piece may be on its way.
  if (!framed.empty()) queue_relieved(*shard_, message.upload, 1, std::move(lease), framed);
  return true;
}

// What has arrived of a form, before any of it goes on.
bool Exchange::judge_form(const http::ChunkStep& step) {
  using Verdict = policy::FormScan::Verdict;
  policy::FormScan& form = *message_->form;
  Verdict verdict = Verdict::good;
  if (step.status == http::ChunkStatus::data) verdict = form.take(step.data);
  if (verdict == Verdict::good && message_->decoder.complete()) verdict = form.finish();
  if (verdict == Verdict::unreadable) {
    refuse_upload(policy::Reason::invalid_body, policy::MessageId::form_unreadable);
  } else if (verdict == Verdict::named) {
    refuse_upload(policy::Reason::unsupported, {policy::MessageId::stored_named, form.at()});
  }
  return verdict == Verdict::good;
}

// Upstream's framing stays incomplete: it must not take this for a whole request.
void Exchange::refuse_upload(policy::Reason reason, const policy::Message& detail) {
  keep_alive_ = false;
  if (answer_.started) {
    // The provider did not wait for all of it. What the client has by now cannot be taken back.
    downstream_->close();
    return;
  }
  abandon_upstream();
  reply(reason, detail);
}

void Exchange::pump_upload() {
  RequestMessage& message = *message_;
  Transport& transport = call_.connection->transport();
  if (transport.sending() || call_.send_failed) return;
  if (!message.upload.empty()) {
    call_.last_leaves = body_complete_ && message.upload.size() == 1;
    transport.send(std::span<const std::byte>(message.upload.front_bytes()));
    return;
  }
  if (body_complete_) {
    if (call_.sent) return;
    if (!detached_) downstream_->read_ahead();
    on_request_sent();
    return;
  }
  if (state_ == ExchangeState::sending) downstream_->expect_body();
  downstream_->transport().want_receive(ReceiveMode::one);
}

void Exchange::upload_sent() {
  RequestMessage& message = *message_;
  // The first send was the head's.
  if (std::exchange(message.head_sent, true)) message.upload.pop_front().reset();
  pump_upload();
}

}  // namespace headrace::net

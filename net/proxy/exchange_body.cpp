// The body stages of an exchange: it is held whole where it must be understood, and judged while it
// arrives; then what it asks for is known.
#include <algorithm>
#include <cstring>
#include <memory>
#include <type_traits>

#include "core/ascii.h"
#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/http/charset.h"
#include "net/http/text.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/form/form_boundary.h"

namespace headrace::net {

using http::BodyFraming;
using policy::MessageId;
using policy::Reason;

namespace {

// Received in one go at most: a prompt of many megabytes must not hold up everybody's events.
constexpr std::size_t kReceiveTurnBytes = 128 * 1024;
constexpr std::size_t kFirstChunkedBytes = 16 * 1024;
constexpr std::string_view kJson = "json";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// What we read and what the provider reads would be two things.
bool is_encoded(const http::RequestHead& head) {
  if (!head.fields.has(http::FieldId::content_encoding)) return false;
  return std::ranges::any_of(head.fields, [](const http::Field& field) {
    return field.id == http::FieldId::content_encoding &&
           !http::equals_ignoring_case(field.value, "identity");
  });
}

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  const auto is_same = [](char one, char other) {
    return core::to_lower(one) == core::to_lower(other);
  };
  return !std::ranges::search(text, word, is_same).empty();
}

// What has fields, by any reading of its type.
bool may_be_form(std::string_view content_type) {
  return contains_ignoring_case(content_type, "multipart") ||
         contains_ignoring_case(content_type, "urlencoded");
}

// Forms, sound, images: what a provider does not read as JSON. A body without a type is taken for
// JSON by most.
bool is_of_other_type(const http::RequestHead& head) {
  const std::string_view type = head.fields.value(http::FieldId::content_type);
  return !type.empty() && (may_be_form(type) || !contains_ignoring_case(type, kJson));
}

}  // namespace

// Into an account that tenants share nothing may be named that is kept there: what comes with rules
// of its own is judged at its route, what passes through is looked through as well.
bool Exchange::looks_through(const http::RequestHead& head) const {
  if (passthrough_ == nullptr) return true;
  const bool has_body = head.framing == BodyFraming::chunked ||
                        (head.framing == BodyFraming::length && head.content_length > 0);
  return has_body && !brings_own_key_ &&
         config_->view().provider(*passthrough_).exclusive == policy::config::Switch::off;
}

bool Exchange::start_body(const http::RequestHead& head, std::size_t arrived) {
  enter(policy::Stage::body);
  message_->decoder = http::BodyDecoder(head.framing, head.content_length);
  if (head.framing == BodyFraming::length) downstream_->learn_body_bytes(head.content_length);
  const std::uint64_t body_bytes_max = config_->body_limits().body_bytes_max;
  if (head.framing == BodyFraming::length && head.content_length > body_bytes_max) {
    reply(Reason::body_too_large, {MessageId::body_too_large, body_bytes_max});
    return false;
  }
  const bool looked_through = looks_through(head);
  if (looked_through &&
      (is_encoded(head) || !http::reads_as_utf8(head.fields.value(http::FieldId::content_type)))) {
    reply(Reason::unsupported_media,
          passthrough_ == nullptr ? MessageId::body_encoded : MessageId::stored_unseen);
    return false;
  }
  if (passthrough_ != nullptr && (!looked_through || is_of_other_type(head))) {
    if (looked_through && !start_form(head.fields.value(http::FieldId::content_type))) return false;
    streams_up_ = true;
    message_->must_not_be_json = looked_through && message_->form == nullptr;
    continue_expected_ = head.expect_continue && arrived == 0;
    message_->arrived_bytes = arrived;
    advance();
    return false;
  }
  policy::BodyLimits limits = config_->body_limits();
  text_counted_ = passthrough_ == nullptr &&
                  (config_->counts_all_text() || policy::has_limits(config_->view(), caller_));
  limits.count_text = text_counted_;
  message_->scan.start(request_.match.endpoint, limits);
  return hold_body(head, arrived);
}

// Of a body that passes as it arrives into an account that tenants share: where it is a form, its
// fields are judged on the way. False: it is answered.
bool Exchange::start_form(std::string_view content_type) {
  if (!may_be_form(content_type)) return true;
  const std::string_view boundary = policy::form_boundary(content_type);
  if (boundary.empty()) {
    reply(Reason::unsupported_media, MessageId::stored_unseen);
    return false;
  }
  using policy::FormScan;
  static_assert(std::is_trivially_destructible_v<FormScan>, "its memory is only given back");
  RequestMessage& message = *message_;
  std::size_t room = sizeof(FormScan) + alignof(FormScan);
  message.form_lease = shard_->bodies.take(room);
  if (!message.form_lease) {
    reply(Reason::overloaded, MessageId::too_many_bytes_held);
    return false;
  }
  void* at = message.form_lease.data();
  std::align(alignof(FormScan), sizeof(FormScan), at, room);
  message.form = std::construct_at(static_cast<FormScan*>(at));
  message.form->start(boundary);
  return true;
}

bool Exchange::hold_body(const http::RequestHead& head, std::size_t arrived) {
  RequestMessage& message = *message_;
  const std::span<const std::byte> first(message.lease.data() + message.head_bytes, arrived);
  if (head.framing != BodyFraming::chunked && arrived >= head.content_length) {
    // The usual case: it came with its head, and stays where it is.
    const auto bytes = static_cast<std::size_t>(head.content_length);
    message.body_bytes = bytes;
    bytes_in_ = bytes;
    body_complete_ = true;
    if (!downstream_->keep_for_later(first.subspan(bytes))) keep_alive_ = false;
    return true;
  }
  const std::size_t wanted = head.framing == BodyFraming::length
                                 ? static_cast<std::size_t>(head.content_length)
                                 : std::max(arrived, kFirstChunkedBytes);
  const bool in_place =
      head.framing == BodyFraming::length && message.lease.size() - message.head_bytes >= wanted;
  if (!in_place) {
    core::BufferLease larger = shard_->bodies.take(message.head_bytes + wanted);
    if (!larger) {
      reply(Reason::overloaded, MessageId::too_many_bytes_held);
      return false;
    }
    std::memcpy(larger.data(), message.lease.data(), message.head_bytes);
    const core::BufferLease received = std::exchange(message.lease, std::move(larger));
    downstream_->expect_body();
    if (head.expect_continue && arrived == 0) send_continue();
    take_body_bytes(first);
    return false;
  }
  downstream_->expect_body();
  if (head.expect_continue && arrived == 0) send_continue();
  take_body_bytes(first);
  return false;
}

// Puts received bytes behind the body so far; they may already stand there.
void Exchange::take_body_bytes(std::span<const std::byte> bytes) {
  RequestMessage& message = *message_;
  while (!body_complete_) {
    const http::ChunkStep step = message.decoder.next(bytes);
    if (step.status == http::ChunkStatus::bad) {
      keep_alive_ = false;
      reply(Reason::invalid_request, MessageId::body_framing);
      return;
    }
    if (step.status == http::ChunkStatus::data) {
      if (!reserve_body_room(step.data.size())) return;
      std::memmove(message.body_begin() + message.body_bytes, step.data.data(), step.data.size());
      message.body_bytes += step.data.size();
      bytes_in_ += step.data.size();
    }
    bytes = bytes.subspan(step.consumed);
    if (message.decoder.complete()) {
      body_complete_ = true;
      if (!downstream_->keep_for_later(bytes)) keep_alive_ = false;
      downstream_->body_done();
      body_arrived();
      return;
    }
    if (step.status == http::ChunkStatus::need_more) break;
  }
  if (state_ != ExchangeState::reading_body) return;
  if (const auto judged = message.scan.advance(message.body()); !judged) {
    refuse_body(judged.error());
    return;
  }
  want_body();
}

void Exchange::want_body() {
  RequestMessage& message = *message_;
  if (message.decoder.framing() == BodyFraming::length) {
    const std::size_t missing = static_cast<std::size_t>(message.decoder.remaining());
    downstream_->transport().want_into(
        {message.body_begin() + message.body_bytes, std::min(missing, kReceiveTurnBytes)});
  } else {
    downstream_->transport().want_receive(ReceiveMode::many);
  }
}

bool Exchange::reserve_body_room(std::size_t bytes) {
  RequestMessage& message = *message_;
  const std::uint64_t body_bytes_max = config_->body_limits().body_bytes_max;
  if (message.body_bytes + bytes > body_bytes_max) {
    keep_alive_ = false;
    reply(Reason::body_too_large, {MessageId::body_too_large, body_bytes_max});
    return false;
  }
  if (message.room() >= bytes) return true;
  const std::size_t used = message.head_bytes + message.body_bytes;
  core::BufferLease larger = shard_->bodies.grow(message.lease, used, used + bytes);
  if (!larger) {
    keep_alive_ = false;
    reply(Reason::overloaded, MessageId::too_many_bytes_held);
    return false;
  }
  message.lease = std::move(larger);
  return true;
}

void Exchange::send_continue() {
  if (core::planted(core::PlantedBug::continue_unsent)) return;
  downstream_->transport().send(std::as_bytes(std::span(kContinue)));
}

void Exchange::on_downstream_received(core::BufferLease lease) {
  if (state_ == ExchangeState::closing) return;
  // What is left of a request that is answered is thrown away: its upstream has gone.
  if (!body_complete_ && answer_.ended) return;
  if (!body_complete_) {
    downstream_->body_progress(lease.size());
    streams_up_ ? upload(std::move(lease)) : take_body_bytes(lease.bytes());
    return;
  }
  // The next request, sent before this one was answered: it waits its turn.
  if (downstream_->keep_for_later(lease.bytes())) {
    downstream_->read_ahead();
  } else {
    keep_alive_ = false;
    downstream_->transport().want_receive(ReceiveMode::off);
  }
}

void Exchange::on_downstream_received_into(std::size_t bytes) {
  if (state_ != ExchangeState::reading_body || message_ == nullptr) return;
  downstream_->body_progress(bytes);
  take_body_bytes({message_->body_begin() + message_->body_bytes, bytes});
}

void Exchange::body_arrived() {
  if (state_ != ExchangeState::reading_body) return;
  downstream_->read_ahead();
  enter(policy::Stage::body_facts);
  move_to(ExchangeState::judging_body);
  judge_body();
}

// --- body facts ----------------------------------------------------------------------------------

void Exchange::judge_body() {
  RequestMessage& message = *message_;
  if (const auto judged = message.scan.advance(message.body()); !judged) {
    refuse_body(judged.error());
    return;
  }
  if (message.scan.scanned() < message.body_bytes) {
    shard_->run_queue.push_back(*this);
    return;
  }
  auto facts = message.scan.finish();
  if (!facts) {
    refuse_body(facts.error());
    return;
  }
  message.facts = *facts;
  request_.wants_stream =
      facts->stream.is_true || request_.match.endpoint == policy::Endpoint::stream_generate_content;
  advance();
}

void Exchange::on_turn() {
  if (state_ == ExchangeState::judging_body) judge_body();
}

void Exchange::refuse_body(const policy::BodyError& error) {
  if (!body_complete_) keep_alive_ = false;
  if (error.kind == policy::BodyErrorKind::too_large) {
    reply(Reason::body_too_large, {error.message, error.offset});
  } else {
    reply(Reason::invalid_body, {error.message, error.field, error.offset}, error.field);
  }
}

}  // namespace headrace::net

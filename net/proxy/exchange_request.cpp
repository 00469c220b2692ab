// The first stages of an exchange: head, identify, body, body facts, guard, route.
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/http/query.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/body/request_edits.h"
#include "policy/dialect/models_list.h"
#include "policy/identify.h"

namespace headrace::net {

using http::BodyFraming;
using http::FieldId;
using policy::Reason;

namespace {

// Received in one go at most: a prompt of many megabytes must not hold up everybody's events.
constexpr std::size_t kReceiveTurnBytes = 128 * 1024;
constexpr std::size_t kFirstChunkedBytes = 16 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

template <std::size_t N>
std::uint8_t copy_cut(std::string_view text, std::array<char, N>& into) {
  static_assert(N < 256);
  const std::size_t size = std::min(text.size(), N);
  std::memcpy(into.data(), text.data(), size);
  return static_cast<std::uint8_t>(size);
}

}  // namespace

// --- head ----------------------------------------------------------------------------------------

void Exchange::begin(core::BufferLease message, std::size_t head_bytes, std::size_t bytes) {
  const http::RequestHead& head = shard_->request_head;
  note_request(head);
  message_ = shard_->messages.make();
  if (message_ == nullptr) {
    keep_alive_ = false;
    reply(Reason::overloaded, "The gateway holds as many requests as it can.");
    return;
  }
  message_->lease = std::move(message);
  message_->head_bytes = head_bytes;
  std::size_t arrived = bytes - head_bytes;
  if (body_complete_ && arrived > 0) {
    // There is no body, so this is the next request, whoever answers this one.
    if (!downstream_->keep_for_later({message_->body_begin(), arrived})) keep_alive_ = false;
    arrived = 0;
  }
  if (downstream_->listener().link().role == ListenerRole::admin) {
    answer_admin(head);
    return;
  }
  match_ = policy::match_endpoint(
      head.method_text, head.path(),
      head.path().starts_with("/v1/models") && head.fields.find("anthropic-version") != nullptr);
  if (identify(head) && accept_endpoint(head) && start_body(head, arrived)) {
    body_arrived();
  }
  // From here on the scratch head may belong to another request.
  head_in_scratch_ = false;
  match_.model_in_path = {};
  match_.allow = {};
}

void Exchange::note_request(const http::RequestHead& head) {
  shard_->counters.add(ShardCount::requests);
  shard_->counters.gauges.requests_in_flight.add(1);
  method_ = head.method;
  client_http_1_0_ = head.version == http::Version::http_1_0;
  keep_alive_ = head.keep_alive;
  path_bytes_ = copy_cut(head.path(), path_);
  const std::string_view offered = head.fields.value(FieldId::x_request_id);
  if (RequestId::sane(offered)) {
    request_id_.take(offered);
  } else {
    request_id_.make(shard_->io->random(), shard_->io->random());
  }
  body_complete_ = head.framing == BodyFraming::none ||
                   (head.framing == BodyFraming::length && head.content_length == 0);
}

// --- identify ------------------------------------------------------------------------------------

bool Exchange::identify(const http::RequestHead& head) {
  policy::PresentedCredentials presented;
  const auto take = [&](FieldId id, std::optional<std::string_view>& into) {
    if (head.fields.has(id)) into = head.fields.value(id);
  };
  take(FieldId::authorization, presented.authorization);
  take(FieldId::x_api_key, presented.x_api_key);
  take(FieldId::x_goog_api_key, presented.x_goog_api_key);
  take(FieldId::api_key, presented.api_key);
  std::array<char, policy::kCredentialBytesMax> decoded;
  if (head.target.has_query) {
    if (const auto key = http::find_parameter(head.query(), "key")) {
      // What cannot be decoded is no key of ours, but it is one that was presented.
      presented.query_key = http::percent_decode(*key, decoded).value_or("");
    }
  }
  const policy::Identity identity = policy::identify(config_->view(), presented);
  using enum policy::IdentifyStatus;
  switch (identity.status) {
    case known:
      key_ = identity.key;
      return true;
    case missing:
      reply(Reason::unauthenticated,
            "No API key was sent. Send it as Authorization: Bearer, x-api-key or x-goog-api-key.");
      return false;
    case malformed:
      reply(Reason::unauthenticated, "The API key is not well-formed.");
      return false;
    case conflicting:
      reply(Reason::unauthenticated, "More than one API key was sent. Send one.");
      return false;
    case unknown:
      reply(Reason::unauthenticated, "The API key is not known.");
      return false;
  }
  return false;
}

// --- guard: endpoints ----------------------------------------------------------------------------

bool Exchange::accept_endpoint(const http::RequestHead& head) {
  using enum policy::EndpointKind;
  if ((match_.kind == metered || match_.kind == models) && !match_.method_allowed) {
    reply(Reason::method_not_allowed, "This endpoint does not take this method.");
    return false;
  }
  if (match_.kind == metered) return true;
  if (match_.kind == models) {
    answer_models();
    return false;
  }
  passthrough_ = config_->view().find_passthrough(*key_, head.method_text, head.path());
  if (passthrough_ == nullptr) {
    reply(Reason::path_not_found, "There is no such endpoint here.");
    return false;
  }
  if (key_->passthrough == policy::config::Switch::off) {
    reply(Reason::permission_denied, "This key may not use this endpoint.");
    return false;
  }
  const bool exclusive =
      config_->view().provider(*passthrough_).exclusive == policy::config::Switch::on;
  if (match_.kind == stored_object && !exclusive) {
    reply(Reason::path_not_found,
          "Objects stored at the provider are not offered: its account is shared.");
    return false;
  }
  return true;
}

void Exchange::answer_models() {
  const policy::config::ConfigView& view = config_->view();
  const auto dialect = static_cast<policy::config::Dialect>(match_.dialect);
  core::BufferLease block = shard_->head_blocks.take();
  if (!block) {
    reply(Reason::overloaded, "The gateway is out of memory for answers.");
    return;
  }
  std::span<char> room(reinterpret_cast<char*>(block.data()), block.size());
  std::size_t bytes = 0;
  if (match_.endpoint == policy::Endpoint::model_get) {
    const std::string_view model = match_.model_in_path;
    const policy::config::Route* route = view.find_route(dialect, model);
    if (route == nullptr || !view.allows(*key_, model) ||
        view.find_target(*key_, *route) == nullptr) {
      reply(Reason::model_not_found, "There is no such model here.", "model");
      return;
    }
    bytes = policy::write_model(match_.dialect, model, room);
  } else {
    std::vector<std::string_view> names;
    std::size_t cursor = 0;
    while (const auto* name = view.next_model(dialect, *key_, cursor)) {
      names.push_back(view.text(name->text));
    }
    bytes = policy::write_models_list(match_.dialect, names, room);
    if (bytes > room.size()) {
      core::BufferLease larger = shard_->bodies.take(bytes);
      if (!larger) {
        reply(Reason::overloaded, "The gateway is out of memory for answers.");
        return;
      }
      block = std::move(larger);
      room = std::span<char>(reinterpret_cast<char*>(block.data()), block.size());
      bytes = policy::write_models_list(match_.dialect, names, room);
    }
  }
  reply_with(200, "application/json", {room.data(), bytes});
}

// --- body ----------------------------------------------------------------------------------------

bool Exchange::start_body(const http::RequestHead& head, std::size_t arrived) {
  message_->decoder = http::BodyDecoder(head.framing, head.content_length);
  if (head.framing == BodyFraming::length) downstream_->learn_body_bytes(head.content_length);
  const std::uint64_t body_bytes_max = config_->http().body_bytes_max;
  if (head.framing == BodyFraming::length && head.content_length > body_bytes_max) {
    reply(Reason::body_too_large, "The request's body is larger than this gateway accepts.");
    return false;
  }
  if (passthrough_ != nullptr) {
    streams_up_ = true;
    return start_upload(head, arrived);
  }
  message_->scan.start(match_.endpoint, config_->body_limits());
  return hold_body(head, arrived);
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
      reply(Reason::overloaded, "The gateway holds as much as it can. Try again in a moment.");
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
      reply(Reason::invalid_request, http::describe(step.error).message);
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
  if (message.body_bytes + bytes > config_->http().body_bytes_max) {
    keep_alive_ = false;
    reply(Reason::body_too_large, "The request's body is larger than this gateway accepts.");
    return false;
  }
  if (message.room() >= bytes) return true;
  const std::size_t used = message.head_bytes + message.body_bytes;
  core::BufferLease larger = shard_->bodies.grow(message.lease, used, used + bytes);
  if (!larger) {
    keep_alive_ = false;
    reply(Reason::overloaded, "The gateway holds as much as it can. Try again in a moment.");
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
  if (!body_complete_ && answer_ended_) return;
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
  wants_stream_ =
      facts->stream.is_true || match_.endpoint == policy::Endpoint::stream_generate_content;
  route();
}

void Exchange::on_turn() {
  if (state_ == ExchangeState::judging_body) judge_body();
}

void Exchange::refuse_body(const policy::BodyError& error) {
  std::array<char, 256> text;
  const auto end =
      error.kind == policy::BodyErrorKind::empty
          ? fmt::format_to_n(text.data(), text.size(), "{}", error.message)
          : fmt::format_to_n(text.data(), text.size(), "{}{}{} (at byte {})", error.field,
                             error.field.empty() ? "" : ": ", error.message, error.offset);
  if (!body_complete_) keep_alive_ = false;
  const Reason reason = error.kind == policy::BodyErrorKind::too_large ? Reason::body_too_large
                                                                       : Reason::invalid_body;
  reply(reason, {text.data(), std::min(end.size, text.size())}, error.field);
}

// --- guard and route -----------------------------------------------------------------------------

void Exchange::route() {
  const policy::config::ConfigView& view = config_->view();
  RequestMessage& message = *message_;
  std::array<char, policy::kModelBytesMax> scratch;
  std::string_view model;
  if (match_.dialect == policy::Dialect::gemini) {
    const http::RequestHead& head = request_head();
    model = policy::match_endpoint(head.method_text, head.path(), false).model_in_path;
  } else {
    model = policy::model_name(message.facts, message.body(), scratch);
  }
  if (model.empty()) {
    reply(Reason::model_missing, "The request names no model.", "model");
    return;
  }
  model_bytes_ = copy_cut(model, model_);
  if (!view.allows(*key_, model)) {
    reply(Reason::permission_denied, "This key may not use this model.", "model");
    return;
  }
  route_ = view.find_route(static_cast<policy::config::Dialect>(match_.dialect), model);
  // A route whose providers belong to other tenants alone is not there for this key.
  target_ = route_ == nullptr ? nullptr : view.find_target(*key_, *route_);
  if (target_ == nullptr) {
    route_ = nullptr;
    reply(Reason::model_not_found, "There is no such model here.", "model");
    return;
  }
  provider_ = target_->provider;
  if (!accept_stored_references()) return;
  if (!edit_request(model)) {
    reply(Reason::invalid_body, "The request's body cannot be adapted for the provider.");
    return;
  }
  call_upstream();
}

bool Exchange::accept_stored_references() {
  if (config_->view().providers()[provider_].exclusive == policy::config::Switch::on) return true;
  const policy::BodyFacts& facts = message_->facts;
  std::string_view field;
  if (facts.store.is_true) field = "store";
  if (facts.background.is_true) field = "background";
  if (facts.previous_response_id.given) field = "previous_response_id";
  if (field.empty() && !facts.stored_reference) return true;
  reply(Reason::unsupported,
        "Objects stored at the provider are not offered: its account is shared.", field);
  return false;
}

bool Exchange::edit_request(std::string_view model) {
  using policy::Endpoint;
  const policy::config::ConfigView& view = config_->view();
  policy::EditList& edits = message_->edits;
  const policy::BodyFacts& facts = message_->facts;
  const std::string_view wanted = view.text(target_->model);
  // Gemini's model stands in the path (upstream_target.h).
  if (match_.dialect != policy::Dialect::gemini && !wanted.empty() && wanted != model &&
      !policy::set_model(edits, facts, wanted)) {
    return false;
  }
  const bool counts_on_demand =
      match_.endpoint == Endpoint::chat_completions || match_.endpoint == Endpoint::completions;
  if (counts_on_demand && wants_stream_ && !facts.include_usage.is_true) {
    strip_usage_ = true;
    if (!policy::set_include_usage(edits, facts)) return false;
  }
  const bool shared = view.providers()[provider_].exclusive == policy::config::Switch::off;
  if (match_.endpoint == Endpoint::responses && shared && !facts.store.given &&
      !policy::set_store_false(edits, facts)) {
    return false;
  }
  return true;
}

}  // namespace headrace::net

// Answers that the gateway gives itself: refusals, failures, and the event that ends a broken
// stream.
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/check.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/proxy/cache_head.h"
#include "net/proxy/exchange.h"
#include "net/proxy/own_head.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using http::FieldId;
using policy::MessageId;
using policy::Reason;
using std::chrono::milliseconds;

namespace {

Reason reason_of_status(std::uint16_t status) {
  switch (status) {
    case 405:
      return Reason::method_not_allowed;
    case 431:
      return Reason::head_too_large;
    case 501:
      return Reason::unsupported;
    default:
      return Reason::invalid_request;
  }
}

constexpr std::int64_t kRetryShortlyMs = 1000;
constexpr std::string_view kServedMethods = "GET, HEAD, POST";
// The official SDKs wait for less than a minute as they are told; told of more they come again
// within seconds.
constexpr std::int64_t kSdkPatienceMs = 60'000;
using TitleRoom = std::array<char, 2 * policy::kMessageTextBytesMax>;
using DetailRoom = std::array<char, 4 * policy::kMessageTextBytesMax>;

// Rounded up: who comes back after that is not too early.
constexpr std::uint64_t seconds_of(std::int64_t milliseconds) {
  return (static_cast<std::uint64_t>(milliseconds) + 999) / 1000;
}

// What is wrong, and when to come back where that is known.
std::string_view write_detail(const policy::Catalogues& catalogues, policy::Language language,
                              const policy::Refusal& refusal, DetailRoom& room) {
  const std::span<char> all(room);
  const std::string_view text = catalogues.write(language, refusal.detail, all);
  if (refusal.retry_after_ms < 0 || text.size() == all.size()) return text;
  room[text.size()] = ' ';
  const policy::Message when(MessageId::retry_after, seconds_of(refusal.retry_after_ms));
  const std::string_view rest = catalogues.write(language, when, all.subspan(text.size() + 1));
  return {room.data(), text.size() + 1 + rest.size()};
}

// Whether an SDK that comes again by itself would be refused again: the wait is longer than it has
// patience, or the request alone is larger than its limit.
bool is_early_however_soon(const policy::ErrorAnswer& answer) {
  if (answer.retry_after_ms >= kSdkPatienceMs) return true;
  return answer.reason == Reason::rate_limited && answer.retry_after_ms < 0;
}

void write_strict_transport_security(std::uint64_t seconds, http::HeadWriter& writer) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), seconds);
  writer.field(FieldId::strict_transport_security,
               {"max-age=", std::string_view(digits.data(), end.ptr)});
}

}  // namespace

void Exchange::refuse_head(http::ParseError error) {
  const http::RequestHead& head = shard_->request_head;
  count_request();
  request_.method = head.method;
  request_.id.make(shard_->io->random(), shard_->io->random());
  keep_alive_ = false;
  head_in_scratch_ = false;
  const http::ParseErrorText& text = http::describe(error);
  reply_status_ = text.status;
  reply_in_english(reason_of_status(text.status), text.message);
}

void Exchange::refuse_slow_head() {
  count_request();
  request_.id.make(shard_->io->random(), shard_->io->random());
  keep_alive_ = false;
  reply(Reason::request_timeout, MessageId::head_slow);
}

void Exchange::refuse_connection() {
  note_request(shard_->request_head);
  note_language(shard_->request_head);
  head_in_scratch_ = false;
  keep_alive_ = false;
  const std::optional<core::Duration> wait = shard_->address_limits.room_in(
      downstream_->peer(), downstream_->listener().link().address_limits, shard_->now());
  reply(policy::Refusal{
      .reason = Reason::rate_limited,
      .detail = MessageId::too_many_connections,
      .param = {},
      .limit = {},
      .scope = {},
      .retry_after_ms = wait ? std::chrono::ceil<milliseconds>(*wait).count() : kRetryShortlyMs});
}

void Exchange::on_downstream_too_slow() {
  keep_alive_ = false;
  if (state_ == ExchangeState::flushing || state_ == ExchangeState::closing) return;
  if (answer_.started) {
    note_early_end(policy::RecordEnding::client_too_slow);
    downstream_->close();
    return;
  }
  reply(Reason::request_timeout, MessageId::body_slow);
}

// --- refusals ------------------------------------------------------------------------------------
// One answer a request: called at most once, before any byte of another one was queued.

void Exchange::reply(Reason reason, const policy::Message& detail, std::string_view param) {
  // What we are short of for a moment.
  const bool passes = reason == Reason::overloaded || reason == Reason::draining;
  reply(policy::Refusal{.reason = reason,
                        .detail = detail,
                        .param = param,
                        .limit = {},
                        .scope = {},
                        .retry_after_ms = passes ? kRetryShortlyMs : -1});
}

void Exchange::reply(const policy::Refusal& refusal) {
  decide_refused(refusal.reason, refusal.limit, policy::name(refusal.detail.id));
  if (explanation_ != nullptr) {
    explanation_->limit = refusal.limit;
    explanation_->scope = refusal.scope;
  }
  const policy::Catalogues catalogues = config_->view().catalogues();
  const policy::Language spoken = language();
  TitleRoom title;
  DetailRoom detail;
  send_error({.reason = refusal.reason,
              .title = catalogues.write(spoken, policy::row(refusal.reason).title, title),
              .detail = write_detail(catalogues, spoken, refusal, detail),
              .instance = request_.path.text(),
              .param = refusal.param,
              .limit = refusal.limit,
              .scope = refusal.scope,
              .retry_after_ms = refusal.retry_after_ms,
              .request_id = request_.id.text()},
             spoken);
}

// What is said of a head that cannot be read: nobody knows which language its client speaks.
void Exchange::reply_in_english(Reason reason, std::string_view detail) {
  decide_refused(reason, {}, {});
  TitleRoom title;
  const policy::Catalogues catalogues = config_->view().catalogues();
  send_error(
      {.reason = reason,
       .title = catalogues.write(policy::Language::english, policy::row(reason).title, title),
       .detail = detail,
       .instance = request_.path.text(),
       .param = {},
       .limit = {},
       .scope = {},
       .retry_after_ms = -1,
       .request_id = request_.id.text()},
      policy::Language::english);
}

// The provider does not take a credential of ours.
bool Exchange::is_for_operator() const {
  return reason_ == Reason::upstream_failed && tries_.count > 0 &&
         tries_.made[call_.entry].end == policy::AttemptEnd::key_refused;
}

void Exchange::send_error(const policy::ErrorAnswer& answer, policy::Language spoken) {
  reason_ = answer.reason;
  std::array<char, policy::kErrorBytesMax> body;
  const std::size_t bytes = policy::write_error_body(answer, request_.match.dialect, body);
  std::uint16_t status = policy::status_of(reason_);
  if (reply_status_ != 0) status = reply_status_;
  std::array<char, 256> lines;
  http::HeadWriter writer{std::span<char>(lines)};
  writer.field("Content-Language", config_->view().catalogues().tag(spoken));
  writer.lines("Vary: Accept-Language\r\n");
  if (reason_ == Reason::method_not_allowed) {
    // CONNECT and TRACE are served nowhere.
    const std::string_view allow = request_.match.allow;
    writer.field("Allow", allow.empty() ? kServedMethods : allow);
  }
  // RFC 9110 sections 11.6.1 and 15.5.16.
  if (status == 401) writer.lines("WWW-Authenticate: Bearer realm=\"headrace\"\r\n");
  if (status == 415) writer.lines("Accept-Encoding: identity\r\n");
  // Whatever the client is told to wait for, the gateway has tried as often as it makes sense; what
  // is not kept will not be kept by asking again, nor is a credential mended so.
  const bool is_final = (tries_.count > 1 && status >= 500) || reason_ == Reason::not_cached ||
                        is_early_however_soon(answer) || is_for_operator();
  if (is_final) writer.lines("x-should-retry: false\r\n");
  if (answer.retry_after_ms >= 0) {
    writer.field("Retry-After", seconds_of(answer.retry_after_ms));
    writer.field("retry-after-ms", static_cast<std::uint64_t>(answer.retry_after_ms));
  }
  HEADRACE_CHECK(writer.ok(), "our own fields are of bounded size");
  reply_with(status, policy::error_content_type(request_.match.dialect), {body.data(), bytes},
             writer.text());
}

void Exchange::reply_with(std::uint16_t status, std::string_view content_type,
                          std::string_view body, std::string_view extra_lines) {
  // A second call that cannot be made is no answer: the first one goes on.
  if (silent_ != nullptr) {
    give_up_call(policy::AttemptEnd::gateway_short);
    attend_to_silent();
    return;
  }
  HEADRACE_CHECK(!answer_.started, "a request is answered once");
  end_attempt(policy::AttemptEnd::gateway_short);
  leave_queue();
  keep_nothing(core::FlightEnd::failed);
  if (detached_) {
    end_detached();
    return;
  }
  abandon_upstream();
  move_to(ExchangeState::flushing);
  deadline_.set(*shard_->timers, core::kNever);
  answer_.local = answer_.started = answer_.ended = true;
  status_ = status;
  // What is left of the body is not waited for: the connection ends, and the client may finish
  // sending while we listen (DownstreamConnection::linger).
  if (!body_complete_) {
    keep_alive_ = false;
    downstream_->body_done();
  }

  std::array<char, kOwnHeadBytesMax> room;
  http::HeadWriter writer{std::span<char>(room)};
  writer.status_line(status);
  if (status != 204) {
    writer.field(FieldId::content_type, content_type);
    writer.field(FieldId::content_length, static_cast<std::uint64_t>(body.size()));
  }
  writer.field(FieldId::date, shard_->date.at(shard_->io->wall_now()));
  writer.lines(kNotForSharedCaches);
  writer.lines("X-Content-Type-Options: nosniff\r\n");
  if (const std::uint64_t seconds = downstream_->listener().link().hsts_max_age_s; seconds > 0) {
    write_strict_transport_security(seconds, writer);
  }
  write_own_fields(writer);
  writer.lines(extra_lines);
  writer.end();
  HEADRACE_CHECK(writer.ok(), "our own head is of bounded size");
  queue_text(writer.text());
  if (request_.method != http::Method::head) {
    queue_text(body);
    answer_.own_bytes = body.size();
  }
  release_message();
  if (answer_.out.empty()) {
    // No memory even for this. The connection's death takes the exchange along, later: whoever
    // replies goes on with it.
    downstream_->close();
    return;
  }
  pump_answer();
}

// Without memory for it the connection ends.
void Exchange::queue_text(std::string_view text) {
  if (answer_.out.push_text(text)) return;
  answer_.cut = true;
  keep_alive_ = false;
}

void Exchange::queue_error_event(UpstreamFailure failure, const policy::StreamMeter& stream) {
  std::array<char, policy::kErrorBytesMax> text;
  const Reason reason = is_timeout(failure) ? Reason::upstream_timeout : Reason::upstream_failed;
  const MessageId why = failure == UpstreamFailure::event_too_large
                            ? MessageId::provider_event_too_large
                            : MessageId::provider_broke_off;
  const policy::Catalogues catalogues = config_->view().catalogues();
  TitleRoom title;
  DetailRoom detail;
  const policy::ErrorAnswer answer{
      .reason = reason,
      .title = catalogues.write(language(), policy::row(reason).title, title),
      .detail = catalogues.write(language(), why, detail),
      .instance = request_.path.text(),
      .param = {},
      .limit = {},
      .scope = {},
      .retry_after_ms = -1,
      .request_id = request_.id.text()};
  const std::size_t bytes =
      policy::write_error_event(answer, request_.match.dialect,
                                {.endpoint = request_.match.endpoint,
                                 .sequence_number = stream.next_sequence_number(),
                                 .form = stream.form(),
                                 .has_elements = stream.has_elements()},
                                text);
  // Without memory for it the framing says it alone, which never completes.
  static_cast<void>(answer_.body.say_event({text.data(), bytes}));
}

}  // namespace headrace::net

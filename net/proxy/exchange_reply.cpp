// Answers that the gateway gives itself: refusals, failures, and the event that ends a broken
// stream.
#include <array>
#include <cstring>

#include "core/check.h"
#include "net/admin/admin_pages.h"
#include "net/edge/downstream_connection.h"
#include "net/http/status.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using http::FieldId;
using policy::Reason;

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

std::string_view path_of(const std::array<char, 80>& path, std::uint8_t bytes) {
  return {path.data(), bytes};
}

}  // namespace

void Exchange::refuse_head(http::ParseError error) {
  const http::RequestHead& head = shard_->request_head;
  shard_->counters.add(ShardCount::requests);
  shard_->counters.gauges.requests_in_flight.add(1);
  method_ = head.method;
  request_id_.make(shard_->io->random(), shard_->io->random());
  keep_alive_ = false;
  head_in_scratch_ = false;
  const http::ParseErrorText& text = http::describe(error);
  reply_status_ = text.status;
  reply(reason_of_status(text.status), text.message);
}

void Exchange::refuse_slow_head() {
  shard_->counters.add(ShardCount::requests);
  shard_->counters.gauges.requests_in_flight.add(1);
  request_id_.make(shard_->io->random(), shard_->io->random());
  keep_alive_ = false;
  reply(Reason::request_timeout, "The request's head did not arrive in time.");
}

void Exchange::on_downstream_too_slow() {
  keep_alive_ = false;
  if (state_ == ExchangeState::flushing || state_ == ExchangeState::closing) return;
  if (answer_started_) {
    downstream_->close();
    return;
  }
  reply(Reason::request_timeout, "The request's body arrived too slowly.");
}

void Exchange::answer_admin(const http::RequestHead& head) {
  head_in_scratch_ = false;
  if (head.method != http::Method::get && head.method != http::Method::head) {
    reply_with(405, "text/plain; charset=utf-8", "The admin pages are only read.\n",
               "Allow: GET, HEAD\r\n");
    return;
  }
  const bool metrics = config_->view().settings().admin.metrics == policy::config::Switch::on;
  const AdminPage page = admin_page(head.path(), *shard_->fleet, metrics);
  reply_with(page.status, page.content_type, page.body);
}

// One answer a request: called at most once, before any byte of another one was queued.
void Exchange::reply(Reason reason, std::string_view detail, std::string_view param) {
  reason_ = reason;
  std::array<char, policy::kErrorBytesMax> body;
  const policy::ErrorAnswer answer{.reason = reason,
                                   .title = {},
                                   .detail = detail,
                                   .instance = path_of(path_, path_bytes_),
                                   .param = param,
                                   .limit = {},
                                   .scope = {},
                                   .retry_after_ms = -1,
                                   .request_id = request_id_.text()};
  const std::size_t bytes = policy::write_error_body(answer, match_.dialect, body);
  std::uint16_t status = policy::status_of(reason);
  if (reply_status_ != 0) status = reply_status_;
  std::array<char, 64> lines;
  std::string_view extra;
  if (reason == Reason::method_not_allowed && !match_.allow.empty()) {
    http::HeadWriter writer{std::span<char>(lines)};
    writer.field("Allow", match_.allow);
    extra = writer.text();
  } else if (reason == Reason::overloaded || reason == Reason::draining) {
    extra = "Retry-After: 1\r\n";
  }
  reply_with(status, policy::error_content_type(match_.dialect), {body.data(), bytes}, extra);
}

void Exchange::reply_with(std::uint16_t status, std::string_view content_type,
                          std::string_view body, std::string_view extra_lines) {
  HEADRACE_CHECK(!answer_started_, "a request is answered once");
  abandon_upstream();
  move_to(ExchangeState::flushing);
  deadline_.set(*shard_->timers, core::kNever);
  local_ = answer_started_ = answer_ended_ = true;
  status_ = status;
  // What is left of the body is not waited for: the connection ends, and the client may finish
  // sending while we listen (DownstreamConnection::linger).
  if (!body_complete_) {
    keep_alive_ = false;
    downstream_->body_done();
  }

  std::array<char, 1024> room;
  http::HeadWriter writer{std::span<char>(room)};
  writer.status_line(status);
  writer.field(FieldId::content_type, content_type);
  writer.field(FieldId::content_length, static_cast<std::uint64_t>(body.size()));
  writer.field(FieldId::date, shard_->date.at(shard_->io->wall_now()));
  writer.lines("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
  write_own_fields(writer);
  writer.lines(extra_lines);
  writer.end();
  HEADRACE_CHECK(writer.ok(), "our own head is of bounded size");
  queue_text(writer.text());
  if (method_ != http::Method::head) queue_text(body);
  release_message();
  if (out_.empty()) {
    // No memory even for this. The connection's death takes the exchange along, later: whoever
    // replies goes on with it.
    downstream_->close();
    return;
  }
  pump_answer();
}

// Copies text of ours into a block and queues it; without memory for it the connection ends.
void Exchange::queue_text(std::string_view text) {
  if (text.empty()) return;
  core::BufferLease block;
  if (text.size() <= shard_->head_blocks.block_bytes()) block = shard_->head_blocks.take();
  // Slow readers of cut events may hold every block.
  if (!block) block = shard_->bodies.take(text.size());
  if (!block) {
    answer_cut_ = true;
    keep_alive_ = false;
    return;
  }
  std::memcpy(block.data(), text.data(), text.size());
  const std::span<std::byte> bytes(block.data(), text.size());
  out_.push_back(std::move(block), bytes);
}

void Exchange::queue_error_event(UpstreamFailure failure, const policy::StreamMeter& stream) {
  std::array<char, policy::kErrorBytesMax> text;
  const policy::ErrorAnswer answer{
      .reason = is_timeout(failure) ? Reason::upstream_timeout : Reason::upstream_failed,
      .title = {},
      .detail = "The provider broke off in the middle of its answer.",
      .instance = path_of(path_, path_bytes_),
      .param = {},
      .limit = {},
      .scope = {},
      .retry_after_ms = -1,
      .request_id = request_id_.text()};
  const std::size_t bytes = policy::write_error_event(answer, match_.dialect, match_.endpoint,
                                                      stream.next_sequence_number(), text);
  core::BufferLease block = shard_->head_blocks.take();
  if (!block) return;
  // After an event that was cut an empty line must come first.
  std::size_t at = 0;
  if (!stream.forwarded_whole_events()) {
    std::memcpy(block.data(), "\n\n", 2);
    at = 2;
  }
  std::memcpy(block.data() + at, text.data(), bytes);
  http::BodyFramer framer(out_framing_ == http::BodyFraming::chunked
                              ? http::BodyFraming::chunked
                              : http::BodyFraming::until_close);
  framer.append({block.data(), at + bytes});
  out_.push_back(std::move(block), framer.finish());
}

}  // namespace headrace::net

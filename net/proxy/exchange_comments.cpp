// Comments to a client whose stream is silent, so that nothing on the way takes it for dead.
//
// Before the answer's head the stream is begun on the provider's behalf: its own fields are lost
// then, and a refusal becomes an error event. So the request is not sent again any more: its client
// has something of an answer.
#include <array>

#include "core/check.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using std::chrono::milliseconds;

namespace {

constexpr std::string_view kComment = ": keep-alive\n\n";
constexpr std::string_view kCommentChunk = "e\r\n: keep-alive\n\n\r\n";
static_assert(kComment.size() == 0xe);

}  // namespace

// From now on the client may wait for the route's interval.
void Exchange::expect_silence() {
  if (!wants_stream_ || route_ == nullptr || client_http_1_0_ || detached_) return;
  const std::uint32_t interval_ms = config_->view().resilience(*route_).comment_interval_ms;
  if (interval_ms > 0) silence_.set(*shard_->timers, shard_->now() + milliseconds(interval_ms));
}

void Exchange::on_silence() {
  if (!silence_.expired(*shard_->timers, shard_->now())) return;
  // One that is about to be sent again must not begin its answer before that.
  const bool unanswered =
      (state_ == ExchangeState::sending || state_ == ExchangeState::awaiting_answer) &&
      !replay_when_sent_ && !broken_sending_;
  if (unanswered && !answer_started_) {
    // Gemini's stream need not be one of events; that is only known from its head.
    if (match_.dialect == policy::Dialect::gemini || answer_seen_) return;
    begin_stream_early();
  } else if (unanswered || (state_ == ExchangeState::relaying && streaming_ && !answer_ended_)) {
    say_comment();
  } else {
    return;
  }
  expect_silence();
}

void Exchange::begin_stream_early() {
  early_ = answer_started_ = streaming_ = true;
  shard_->counters.gauges.streams_open.add(1);
  meter_.start_stream(match_.endpoint, {.strip_usage_chunk = strip_usage_});
  out_framing_ = http::BodyFraming::chunked;
  status_ = 200;
  std::array<char, 1024> room;
  http::HeadWriter writer{std::span<char>(room)};
  writer.status_line(status_);
  writer.field(http::FieldId::content_type, "text/event-stream");
  writer.field(http::FieldId::date, shard_->date.at(shard_->io->wall_now()));
  writer.lines("Cache-Control: no-cache\r\n");
  write_own_fields(writer);
  writer.lines("Transfer-Encoding: chunked\r\n");
  writer.end();
  writer.lines(kCommentChunk);
  HEADRACE_CHECK(writer.ok(), "our own head is of bounded size");
  queue_text(writer.text());
  if (out_.empty()) {  // no memory for it
    downstream_->close();
    return;
  }
  shard_->counters.add(ShardCount::stream_comments);
  pump_answer();
}

// Only between two events, and where nothing else is on its way.
void Exchange::say_comment() {
  const policy::StreamMeter* stream = meter_.stream();
  const bool between = stream != nullptr && stream->forwarded_whole_events() && held_bytes_ == 0 &&
                       !beginning_went_ && out_.empty();
  if (!between || downstream_->transport().sending()) return;
  queue_text(out_framing_ == http::BodyFraming::chunked ? kCommentChunk : kComment);
  shard_->counters.add(ShardCount::stream_comments);
  pump_answer();
}

}  // namespace headrace::net

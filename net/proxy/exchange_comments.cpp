// Comments to a client whose stream is silent, so that nothing on the way takes it for dead.
//
// Before the answer's head the stream is begun on the provider's behalf: its own fields are lost
// then, and a refusal becomes an error event. So the request is not sent again any more: its client
// has something of an answer.
#include <array>

#include "core/check.h"
#include "net/edge/downstream_connection.h"
#include "net/proxy/cache_head.h"
#include "net/proxy/exchange.h"
#include "net/proxy/own_head.h"
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
  if (!request_.wants_stream || route_ == nullptr || request_.http_1_0 || detached_) return;
  const std::uint32_t interval_ms = config_->view().resilience(*route_).comment_interval_ms;
  if (interval_ms > 0) silence_.set(*shard_->timers, shard_->now() + milliseconds(interval_ms));
}

void Exchange::on_silence() {
  if (!silence_.expired(*shard_->timers, shard_->now())) return;
  // One that is about to be sent again must not begin its answer before that.
  const bool unanswered =
      (state_ == ExchangeState::sending || state_ == ExchangeState::awaiting_answer) &&
      !call_.replay_when_sent && !call_.broken_sending;
  if (unanswered && !answer_.started) {
    // Gemini's stream need not be one of events; that is only known from its head.
    if (request_.match.dialect == policy::Dialect::gemini || answer_.seen) return;
    begin_stream_early();
  } else if (unanswered ||
             (state_ == ExchangeState::relaying && answer_.streaming && !answer_.ended)) {
    say_comment();
  } else {
    return;
  }
  expect_silence();
}

void Exchange::begin_stream_early() {
  answer_.early = answer_.started = answer_.streaming = true;
  shard_->counters.gauges.streams_open.add(1);
  answer_.body.meter().start_stream(request_.match.endpoint,
                                    {.strip_usage_chunk = answer_.strip_usage});
  answer_.body.send_as(http::BodyFraming::chunked);
  status_ = 200;
  std::array<char, kOwnHeadBytesMax> room;
  http::HeadWriter writer{std::span<char>(room)};
  writer.status_line(status_);
  writer.field(http::FieldId::content_type, "text/event-stream");
  writer.field(http::FieldId::date, shard_->date.at(shard_->io->wall_now()));
  writer.lines(kNotForSharedCaches);
  write_own_fields(writer);
  writer.lines("Transfer-Encoding: chunked\r\n");
  writer.end();
  writer.lines(kCommentChunk);
  HEADRACE_CHECK(writer.ok(), "our own head is of bounded size");
  queue_text(writer.text());
  if (answer_.out.empty()) {  // no memory for it
    note_early_end(policy::RecordEnding::no_memory);
    downstream_->close();
    return;
  }
  shard_->counters.add(ShardCount::stream_comments);
  pump_answer();
}

// Only between two events, and where nothing else is on its way.
void Exchange::say_comment() {
  const bool between =
      answer_.body.is_event_stream() && answer_.body.between_events() && answer_.out.empty();
  if (!between || downstream_->transport().sending()) return;
  queue_text(answer_.body.framing() == http::BodyFraming::chunked ? kCommentChunk : kComment);
  shard_->counters.add(ShardCount::stream_comments);
  pump_answer();
}

}  // namespace headrace::net

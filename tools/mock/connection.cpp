#include "tools/mock/connection.h"

#include <algorithm>
#include <utility>

#include "net/http/parse_error.h"
#include "net/http/text.h"
#include "tools/event_stamp/event_stamp.h"
#include "tools/mock/mock_shard.h"

namespace headrace::tools::mock {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(MockShard& shard)
    : shard_(shard),
      channel_(shard.io(), *this),
      reader_(shard.head_scratch()),
      reply_(shard.world()) {
  timer_.bind<&Connection::on_time>(this);
  read_pause_.bind<&Connection::on_read_pause_over>(this);
}

void Connection::accept(core::Socket socket, const Channel::ServerTls& tls) {
  shard_.log().connection_opened();
  channel_.accept(socket, tls);
}

void Connection::on_open() {
  if (channel_.secure() && channel_.session().resumed()) shard_.log().handshake_resumed();
  arm_idle();
}

void Connection::on_bytes(std::span<std::byte> bytes) {
  take(bytes, !channel_.secure());
}

void Connection::take(std::span<std::byte> input, bool padded) {
  while (!ending_) {
    if (answering_ && reader_.body_complete()) {
      held_.append(net::http::as_text(input));
      if (held_.size() > kHeldBytesMax) abort();
      return;
    }
    switch (reader_.feed(input, padded)) {
      case ReadOutcome::need_more:
        return;
      case ReadOutcome::head:
        on_head();
        break;
      case ReadOutcome::request:
        on_request();
        if (input.empty()) return;
        break;
      case ReadOutcome::bad:
        return on_malformed();
    }
  }
}

void Connection::take_held() {
  while (!held_.empty() && !answering_ && !ending_) {
    std::string bytes = std::exchange(held_, {});
    take(std::as_writable_bytes(std::span<char>(bytes)), false);
  }
}

void Connection::on_head() {
  shard_.shard().timers().disarm(timer_);
  began_ = shard_.now();
  info_.number_on_connection = ++requests_;
  const auto settings = read_request_info(reader_.head(), shard_.defaults(), info_);
  wrong_setting_ = settings ? std::string() : settings.error();
  if (info_.admin) {
    info_.behaviour = shard_.admin().honest();
  } else {
    info_.attempt = shard_.log().request_began(info_);
    head_.assign(reader_.head_text());
  }
  reader_.want_body(info_.admin || Reply::reads_body(info_), kLastBodyBytesMax);
  const Behaviour& behaviour = *info_.behaviour;
  if (behaviour.read_pause_nanos > 0 && !reader_.body_complete()) {
    channel_.pause_reading();
    shard_.shard().timers().arm(
        read_pause_,
        began_ + core::Duration(static_cast<std::int64_t>(behaviour.read_pause_nanos)));
  }
  if (behaviour.early) {
    begin_reply({});
  } else if (info_.expect_continue && !channel_.sending()) {
    continue_sent_ = true;
    channel_.send(kContinue);
  }
}

void Connection::on_read_pause_over() {
  channel_.resume_reading();
}

void Connection::on_request() {
  if (info_.admin) {
    const auto query_at = info_.target.find('?');
    const std::string_view query = query_at == std::string::npos
                                       ? std::string_view()
                                       : std::string_view(info_.target).substr(query_at + 1);
    AdminAnswer answer = shard_.admin().answer(info_.method, info_.path, query, reader_.body());
    reply_.begin_admin(info_, answer.status, std::move(answer.body));
    answering_ = true;
    due_ = shard_.now();
    return advance();
  }
  shard_.log().request_read(info_, head_, reader_.kept_body(), reader_.body_bytes(),
                            shard_.io().wall_now());
  if (!info_.behaviour->early) begin_reply(reader_.body());
}

void Connection::on_malformed() {
  const auto& text = net::http::describe(reader_.error());
  shard_.log().malformed(text.message);
  if (answering_) return end_orderly();
  info_.behaviour = shard_.admin().honest();
  info_.keep_alive = false;
  info_.head_only = false;
  info_.admin = true;  // no request of anybody's
  reply_.begin_bad_request(info_, text.message);
  answering_ = true;
  due_ = shard_.now();
  advance();
}

void Connection::begin_reply(std::string_view body) {
  shard_.world().clock.set(shard_.io().wall_now());
  if (wrong_setting_.empty()) {
    reply_.begin(info_, body);
  } else {
    reply_.begin_bad_request(info_, wrong_setting_);
  }
  answering_ = true;
  due_ = shard_.now();
  if (continue_sent_) {
    start_when_sent_ = true;
  } else {
    advance();
  }
}

void Connection::advance() {
  const core::Instant now = shard_.now();
  do {
    step_ = reply_.next();
    due_ = std::max(due_ + step_.wait, now - kScheduleLagMax);
    if (step_.wait > core::Duration::zero() && due_ > now) {
      return shard_.shard().timers().arm(timer_, due_);
    }
    if (!step_.bytes.empty() || !step_.more.empty()) return send_step();
  } while (step_.end == StepEnd::go_on);
  finish_step();
}

// Of the next step while answering, of the linger while ending, of idling otherwise.
void Connection::on_time() {
  if (ending_ || !answering_) return channel_.abort();
  if (!step_.bytes.empty() || !step_.more.empty()) return send_step();
  finish_step();
}

void Connection::send_step() {
  if (step_.stamped) reply_.stamp(event_clock_nanos());
  if (step_.bytes.empty()) {
    channel_.send(step_.more);
  } else {
    channel_.send(step_.bytes, step_.more);
  }
}

void Connection::on_sent() {
  if (continue_sent_) {
    continue_sent_ = false;
    if (std::exchange(start_when_sent_, false)) advance();
    return;
  }
  finish_step();
}

// What a step's end asks for, once its bytes are sent.
void Connection::finish_step() {
  switch (step_.end) {
    case StepEnd::go_on:
      return advance();
    case StepEnd::stall:
      return;
    case StepEnd::reset:
      note_outcome(false, false);
      ending_ = true;
      return channel_.abort(Channel::Ending::reset);
    case StepEnd::close:
      note_outcome(!reply_.cut(), false);
      return end_orderly();
    case StepEnd::keep_alive:
      note_outcome(!reply_.cut(), false);
      arm_idle();
      return take_held();
  }
}

void Connection::note_outcome(bool completed, bool by_peer) {
  answering_ = false;
  if (info_.admin) return;
  shard_.log().answer_ended(info_,
                            {.completed = completed,
                             .by_peer = by_peer,
                             .status = reply_.status(),
                             .streamed = reply_.streamed(),
                             .usage = reply_.usage(completed),
                             .events_sent = reply_.events(),
                             .bytes_sent = reply_.bytes(),
                             .took = shard_.now() - began_},
                            shard_.io().wall_now());
}

void Connection::end_orderly() {
  ending_ = true;
  channel_.resume_reading();
  channel_.finish();
  shard_.shard().timers().arm(timer_, shard_.now() + kLinger);
}

void Connection::arm_idle() {
  const core::Duration idle = shard_.options().idle_close;
  if (idle > core::Duration::zero()) shard_.shard().timers().arm(timer_, shard_.now() + idle);
}

void Connection::on_end(ChannelEnd) {
  // A stalled answer was cut by a setting; any other that is under way, by the peer.
  if (answering_ && !ending_) note_outcome(false, !reply_.cut());
  abort();
}

void Connection::abort() {
  ending_ = true;
  channel_.abort();
}

void Connection::on_closed() {
  shard_.shard().timers().disarm(timer_);
  shard_.shard().timers().disarm(read_pause_);
  shard_.log().connection_closed();
  shard_.recycle(*this);
}

}  // namespace headrace::tools::mock

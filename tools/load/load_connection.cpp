#include "tools/load/load_connection.h"

#include <algorithm>
#include <utility>

#include "tools/event_stamp/event_stamp.h"
#include "tools/load/target_load.h"

namespace headrace::tools::load {
namespace {

std::uint64_t nanos_between(core::Instant from, core::Instant to) {
  return static_cast<std::uint64_t>(std::max((to - from).count(), std::int64_t{0}));
}

Failure failure_of(ChannelEnd end) {
  switch (end) {
    case ChannelEnd::end_of_stream:
    case ChannelEnd::truncated:
      return Failure::closed_early;
    case ChannelEnd::connect_failed:
      return Failure::connect;
    case ChannelEnd::tls_failed:
      return Failure::tls;
    case ChannelEnd::reset:
    case ChannelEnd::failed:
      return Failure::reset;
  }
  return Failure::reset;
}

}  // namespace

LoadConnection::LoadConnection(TargetLoad& owner)
    : owner_(owner), channel_(owner.io(), *this), reader_(owner.head_scratch()) {
  timeout_.bind<&LoadConnection::on_timeout>(this);
  pause_.bind<&LoadConnection::on_pause_over>(this);
}

Tally& LoadConnection::tally() {
  return owner_.tally(assignment_.step);
}

void LoadConnection::begin(const Assignment& assignment) {
  assignment_ = assignment;
  failed_ = false;
  tally().started.add();
  owner_.timers().arm(timeout_, owner_.now() + owner_.options().timeout);
  if (state_ == State::idle) {
    if (!assignment.waited) {
      tally().lag.record(nanos_between(assignment.intended, owner_.now()));
    }
    send_request();
  } else {
    open();
  }
}

void LoadConnection::open() {
  opened_ = owner_.now();
  state_ = State::opening;
  if (channel_.connect(owner_.target().address, owner_.tls()) != 0) {
    // Out of descriptors or the like: nothing was opened, so nothing has to end.
    owner_.timers().disarm(timeout_);
    tally().fail(Failure::connect);
    failed_ = true;
    state_ = State::closed;
    owner_.on_free(*this, failed_);
  }
}

void LoadConnection::on_open() {
  tally().connections_opened.add();
  tally().connect.record(nanos_between(opened_, owner_.now()));
  if (channel_.secure() && channel_.session().resumed()) tally().tls_resumed.add();
  send_request();
}

void LoadConnection::send_request() {
  state_ = State::waiting;
  sent_ = owner_.now();
  tokens_ = 0;
  first_byte_seen_ = free_when_sent_ = false;
  reader_.expect(owner_.source().method());
  watch_.restart();
  const std::uint64_t number = owner_.next_number();
  const RequestSource::Parts parts = owner_.source().request(number);
  if (!owner_.source().request_ids()) return channel_.send(parts.head, parts.body);
  head_.assign(parts.head);
  owner_.put_request_id(head_, number);
  channel_.send(head_, parts.body);
}

void LoadConnection::on_bytes(std::span<std::byte> bytes) {
  tally().bytes_received.add(bytes.size());
  std::span<const std::byte> input = bytes;
  while (state_ == State::waiting) {
    if (!first_byte_seen_ && !input.empty()) {
      first_byte_seen_ = true;
      tally().first_byte.record(nanos_between(assignment_.intended, owner_.now()));
    }
    switch (reader_.feed(input)) {
      case ResponsePart::need_more:
        return;
      case ResponsePart::head:
        break;
      case ResponsePart::data:
        if (reader_.event_stream()) take_data();
        break;
      case ResponsePart::complete:
        if (!input.empty()) return fail(Failure::malformed);  // bytes that nobody asked for
        return succeed_or_refuse();
      case ResponsePart::bad:
        return fail(Failure::malformed);
    }
  }
}

void LoadConnection::take_data() {
  const StreamWatch::Seen seen = watch_.feed(reader_.data());
  tally().events.add(seen.events);
  if (seen.stamps > 0) {
    const std::uint64_t now_nanos = event_clock_nanos();
    for (std::uint32_t i = 0; i < seen.stamps; ++i) {
      const std::uint64_t sent = seen.sent_nanos[i];
      tally().event_delay.record(now_nanos > sent ? now_nanos - sent : 0);
    }
  }
  if (seen.token_events == 0) return;
  const core::Instant now = owner_.now();
  tally().token_events.add(seen.token_events);
  if (tokens_ == 0) {
    first_token_ = now;
    tally().first_token.record(nanos_between(assignment_.intended, now));
  } else {
    tally().gap.record(nanos_between(last_token_, now));
  }
  // Events that came together have no time between them.
  if (seen.token_events > 1) tally().gap.record(0, seen.token_events - 1);
  last_token_ = now;
  tokens_ += seen.token_events;
}

void LoadConnection::succeed_or_refuse() {
  const core::Instant now = owner_.now();
  if (watch_.told_error()) return fail(Failure::stream_error);
  if (owner_.counts_completion(now)) {
    if (const auto failure = judge_status()) {
      tally().fail(*failure);
      failed_ = true;
    } else {
      tally().completed.add();
      tally().succeeded.add();
      tally().latency.record(nanos_between(assignment_.intended, now));
      tally().service.record(nanos_between(sent_, now));
      if (const auto took = nanos_between(first_token_, last_token_); tokens_ > 1 && took > 0) {
        tally().stream_rate.record((tokens_ - 1) * 1'000'000'000'000U / took);
      }
    }
  } else {
    tally().unfinished.add();
  }
  finish(owner_.options().keep_alive && reader_.keep_alive());
}

// What it is where it is not the one that is wanted.
std::optional<Failure> LoadConnection::judge_status() const {
  const auto status = static_cast<std::uint32_t>(reader_.status());
  const std::uint32_t expected = owner_.options().request.expected_status;
  if (expected != 0 ? status == expected : status < 400) return std::nullopt;
  if (status < 400) return Failure::unexpected_status;
  return status < 500 ? Failure::status_4xx : Failure::status_5xx;
}

void LoadConnection::finish(bool reusable) {
  owner_.timers().disarm(timeout_);
  if (!reusable) {
    state_ = State::ending;
    return channel_.abort();
  }
  state_ = State::idle;
  if (channel_.sending()) {
    free_when_sent_ = true;
  } else {
    become_free();
  }
}

void LoadConnection::pause_until(core::Instant until) {
  owner_.timers().arm(pause_, until);
}

void LoadConnection::on_pause_over() {
  // One that is being closed is free when that is done.
  if (state_ == State::closed || state_ == State::idle) owner_.on_ready(*this);
}

void LoadConnection::become_free() {
  owner_.on_free(*this, failed_);
}

void LoadConnection::on_sent() {
  if (std::exchange(free_when_sent_, false) && state_ == State::idle) become_free();
}

void LoadConnection::fail(Failure failure) {
  tally().fail(failure);
  failed_ = true;
  finish(false);
}

void LoadConnection::on_timeout() {
  if (state_ == State::waiting || state_ == State::opening) fail(Failure::timed_out);
}

void LoadConnection::on_end(ChannelEnd end) {
  if (state_ == State::waiting && end == ChannelEnd::end_of_stream && reader_.end_of_stream()) {
    return succeed_or_refuse();
  }
  if (state_ == State::waiting || state_ == State::opening) return fail(failure_of(end));
  if (state_ == State::idle) {
    owner_.on_idle_lost(*this);
    finish(false);
  }
}

void LoadConnection::cut(bool counts_as_failure) {
  owner_.timers().disarm(pause_);
  if (state_ == State::waiting || state_ == State::opening) {
    if (counts_as_failure) return fail(Failure::timed_out);
    tally().unfinished.add();
    finish(false);
  } else if (state_ == State::idle) {
    finish(false);
  }
}

void LoadConnection::on_closed() {
  state_ = State::closed;
  owner_.on_free(*this, failed_);
}

}  // namespace headrace::tools::load

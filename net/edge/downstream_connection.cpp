#include "net/edge/downstream_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/edge/listener.h"
#include "net/http/text.h"
#include "net/proxy/exchange.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

namespace {

using std::chrono::milliseconds;

// How long, and how much, we listen after our last word.
constexpr core::Duration kLingerTime = std::chrono::seconds(2);
constexpr std::uint64_t kLingerBytesMax = 1024 * 1024;

}  // namespace

DownstreamConnection::DownstreamConnection(ShardContext& shard, Listener& listener)
    : shard_(&shard), listener_(&listener), transport_(shard, *this) {
  deadline_.bind<&DownstreamConnection::on_deadline>(this);
}

// --- heads ---------------------------------------------------------------------------------------

void DownstreamConnection::await_head() {
  state_ = State::reading_head;
  scan_ = {};
  if (gathered_bytes_ == 0) {
    transport_.want_receive(mode_between_bodies());
    deadline_.set(*shard_->timers,
                  shard_->now() + milliseconds(shard_->config->http().keep_alive_timeout_ms));
    return;
  }
  deadline_.set(*shard_->timers,
                shard_->now() + milliseconds(shard_->config->http().head_timeout_ms));
  read_head(std::move(gathered_), std::exchange(gathered_bytes_, 0));
  if (state_ == State::reading_head) transport_.want_receive(ReceiveMode::many);
}

void DownstreamConnection::on_received(core::BufferLease lease) {
  shard_->counters.add(ShardCount::bytes_downstream_in, lease.size());
  switch (state_) {
    case State::reading_proxy_header:
      take_proxy_header(std::move(lease));
      return;
    case State::reading_head: {
      if (gathered_bytes_ == 0) {
        const std::size_t bytes = lease.size();
        read_head(std::move(lease), bytes);
      } else if (gather(lease.bytes())) {
        lease.reset();
        read_head(std::move(gathered_), std::exchange(gathered_bytes_, 0));
      } else {
        close();
      }
      return;
    }
    case State::exchanging:
      exchange_->on_downstream_received(std::move(lease));
      return;
    case State::lingering:
      progress_bytes_ += lease.size();
      if (progress_bytes_ > kLingerBytesMax) close();
      return;
    case State::handshaking:
    case State::closing:
      return;
  }
}

void DownstreamConnection::read_head(core::BufferLease message, std::size_t bytes) {
  const http::HeadLimits& limits = shard_->config->head_limits();
  const http::HeadResult result = http::parse_request_head(
      http::as_text(message.bytes().first(bytes)), limits, shard_->request_head, scan_);
  if (result.status == http::HeadStatus::incomplete) {
    transport_.want_receive(ReceiveMode::many);  // only its beginning may have been asked for
    // A head that dribbles in must not hold a receive buffer: those are for those who are ready.
    if (requests_ > 0 && scan_.scanned_bytes > 0) {
      deadline_.set(*shard_->timers,
                    std::min(deadline_.at(),
                             shard_->now() + milliseconds(shard_->config->http().head_timeout_ms)));
    }
    HEADRACE_CHECK(!gathered_, "a head is gathered in one place");
    if (message.size() > bytes) {  // gathered before: goes on growing where it is
      gathered_ = std::move(message);
      gathered_bytes_ = static_cast<std::uint32_t>(bytes);
      return;
    }
    if (!gather(message.bytes().first(bytes))) close();
    return;
  }
  scan_ = {};
  Exchange* exchange = start_exchange();
  if (exchange == nullptr) {
    close();
    return;
  }
  if (result.status == http::HeadStatus::bad) {
    exchange->refuse_head(result.error);
    return;
  }
  if (over_address_limit_) {
    exchange->refuse_connection();
    return;
  }
  exchange->begin(std::move(message), result.consumed, bytes);
}

bool DownstreamConnection::gather(std::span<const std::byte> bytes) {
  const std::size_t needed = gathered_bytes_ + bytes.size();
  if (!gathered_) {
    gathered_ = shard_->bodies.take(needed + 1);
  } else if (gathered_.size() <= needed) {
    gathered_ = shard_->bodies.grow(gathered_, gathered_bytes_, needed + 1);
  }
  if (!gathered_) {
    gathered_bytes_ = 0;
    return false;
  }
  std::memcpy(gathered_.data() + gathered_bytes_, bytes.data(), bytes.size());
  gathered_bytes_ = static_cast<std::uint32_t>(needed);
  return true;
}

bool DownstreamConnection::keep_for_later(std::span<const std::byte> bytes) {
  return bytes.empty() || core::planted(core::PlantedBug::pipelined_dropped) || gather(bytes);
}

void DownstreamConnection::read_ahead() {
  const bool enough = gathered_bytes_ >= shard_->config->head_limits().head_bytes_max;
  transport_.want_receive(enough ? ReceiveMode::off : mode_between_bodies());
}

// --- exchanges -----------------------------------------------------------------------------------

Exchange* DownstreamConnection::start_exchange() {
  exchange_ = shard_->exchanges.make(*shard_, *this);
  if (exchange_ == nullptr) return nullptr;
  state_ = State::exchanging;
  ++requests_;
  rate_period_left_ = {};
  deadline_.set(*shard_->timers, core::kNever);
  return exchange_;
}

void DownstreamConnection::exchange_done(Next next) {
  HEADRACE_CHECK(exchange_ != nullptr && !transport_.sending());
  shard_->exchanges.destroy(*exchange_);
  exchange_ = nullptr;
  awaiting_body_ = false;
  if (state_ == State::closing) return;
  if (next == Next::keep_alive && !ends_with_this()) {
    await_head();
  } else if (next == Next::reset) {
    close_by_reset();
  } else if (peer_ended_) {
    close();
  } else {
    linger();
  }
}

bool DownstreamConnection::ends_with_this() const {
  const std::uint32_t requests_max = listener_->link().requests_per_connection_max;
  return finish_soon_ || shard_->draining || peer_ended_ ||
         (requests_max != 0 && requests_ >= requests_max);
}

// --- the end -------------------------------------------------------------------------------------

void DownstreamConnection::finish_soon() {
  if (core::planted(core::PlantedBug::drained_left_open)) return;
  finish_soon_ = true;
  if (core::planted(core::PlantedBug::drained_while_waiting) && exchange_ != nullptr &&
      exchange_->state() == ExchangeState::parked) {
    return close();
  }
  if (state_ == State::reading_head && gathered_bytes_ == 0) close();
}

void DownstreamConnection::linger() {
  state_ = State::lingering;
  progress_bytes_ = 0;
  gathered_.reset();
  gathered_bytes_ = 0;
  transport_.finish_sending();
  transport_.want_receive(ReceiveMode::many);
  deadline_.set(*shard_->timers, shard_->now() + kLingerTime);
}

// Amid an exchange its client must see that something is missing.
void DownstreamConnection::close() {
  close(exchange_ == nullptr ? Goodbye::said : Goodbye::unsaid);
}

void DownstreamConnection::close_by_reset() {
  if (transport_.is_open()) shard_->io->reset_on_close(transport_.socket());
  close(Goodbye::unsaid);
}

void DownstreamConnection::close(Goodbye goodbye) {
  if (state_ == State::closing) {
    // Told once more: what goes on for others ends too.
    if (shard_->closing && exchange_ != nullptr && exchange_->detached() &&
        exchange_->state() != ExchangeState::closing) {
      exchange_->on_closing();
    }
    return;
  }
  state_ = State::closing;
  if (!core::planted(core::PlantedBug::timer_left_armed)) deadline_.clear(*shard_->timers);
  gathered_.reset();
  if (exchange_ != nullptr) exchange_->on_downstream_closing();
  if (goodbye == Goodbye::said) {
    transport_.close_with_goodbye();
  } else {
    transport_.close();
  }
}

void DownstreamConnection::on_deadline() {
  if (!deadline_.expired(*shard_->timers, shard_->now())) return;
  if (state_ == State::exchanging && awaiting_body_ && !transport_.sending()) {
    judge_body_rate();
    return;
  }
  // Bytes that go on by themselves: it may be the provider who is slow, and has a deadline of its
  // own.
  if (state_ == State::exchanging && transport_.awaits_splice()) {
    expect_sent(1);
    return;
  }
  if (state_ == State::reading_head && gathered_bytes_ > 0) {
    if (Exchange* exchange = start_exchange(); exchange != nullptr) {
      exchange->refuse_slow_head();
      return;
    }
  }
  if (state_ == State::exchanging) exchange_->on_downstream_unread();
  close();
}

// --- events of the transport ---------------------------------------------------------------------

void DownstreamConnection::on_received_into(std::size_t bytes) {
  shard_->counters.add(ShardCount::bytes_downstream_in, bytes);
  if (state_ == State::exchanging) exchange_->on_downstream_received_into(bytes);
}

void DownstreamConnection::on_peer_end(PeerEnd end) {
  peer_ended_ = true;
  if (state_ == State::exchanging) {
    exchange_->on_downstream_ended(end);
  } else {
    close();
  }
}

void DownstreamConnection::on_sent(bool all) {
  if (!all) {
    close();
    return;
  }
  if (state_ == State::exchanging) {
    expect_sent(0);
    if (awaiting_body_) begin_rate_period();  // the deadline was that of what was sent
    exchange_->on_downstream_sent();
  }
}

void DownstreamConnection::exchange_done_alone() {
  if (closed_) on_closed();
}

void DownstreamConnection::on_closed() {
  if (std::exchange(counts_for_address_, false)) shard_->address_limits.leave(peer_);
  closed_ = true;
  if (exchange_ != nullptr && exchange_->detached() &&
      exchange_->state() != ExchangeState::closing) {
    exchange_->on_downstream_gone();
    return;
  }
  if (exchange_ != nullptr) {
    shard_->exchanges.destroy(*exchange_);
    exchange_ = nullptr;
  }
  listener_->on_connection_gone(*this);
}

}  // namespace headrace::net

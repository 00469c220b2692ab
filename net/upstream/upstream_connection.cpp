#include "net/upstream/upstream_connection.h"

#include <cerrno>
#include <cstring>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/http/response_head.h"
#include "net/proxy/request_message.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_pool.h"

namespace headrace::net {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kTunnelHeadBytesMax = 4096;
constexpr http::HeadLimits kTunnelHeadLimits{
    .head_bytes_max = kTunnelHeadBytesMax, .line_bytes_max = kTunnelHeadBytesMax, .fields_max = 64};

}  // namespace

UpstreamConnection::UpstreamConnection(ShardContext& shard, UpstreamPool& pool)
    : pool_(&pool), shard_(&shard), transport_(shard, *this) {
  connect_op_.bind<&UpstreamConnection::on_connected>(this);
  cancel_op_.bind<&UpstreamConnection::on_cancelled>(this);
  timer_.bind<&UpstreamConnection::on_timeout>(this);
}

// --- becoming ready ------------------------------------------------------------------------------

void UpstreamConnection::connect(core::Socket socket, const ProviderAddresses::Choice& choice,
                                 core::Duration timeout, core::Instant expires_at) {
  socket_ = socket;
  address_mark_ = choice.mark;
  expires_at_ = expires_at;
  shard_->timers->arm(timer_, shard_->now() + timeout);
  shard_->io->connect(connect_op_, socket, *choice.address);
}

void UpstreamConnection::on_connected(core::Completion& completion) {
  transport_.open(socket_);
  if (completion.result < 0) {
    if (connect_failure_ == UpstreamFailure::none) {
      connect_failure_ = UpstreamFailure::connect_refused;
    }
    fail_connecting(connect_failure_);
    return;
  }
  const ProviderLink& provider = pool_->provider();
  if (connect_failure_ != UpstreamFailure::none) {  // the timer was faster
    fail_connecting(connect_failure_);
    return;
  }
  if (provider.has_egress()) {
    state_ = State::tunnelling;
    transport_.want_receive(ReceiveMode::many);
    transport_.send(std::as_bytes(std::span(provider.egress_request)));
    return;
  }
  secure();
}

// --- through a proxy -----------------------------------------------------------------------------

void UpstreamConnection::on_tunnel_received(core::BufferLease lease) {
  // Before its answer is whole nothing else may come; behind it neither: we speak first.
  if (tunnel_open_) return fail_connecting(UpstreamFailure::egress);
  if (!tunnel_head_) tunnel_head_ = shard_->bodies.take(kTunnelHeadBytesMax);
  if (!tunnel_head_) return fail_connecting(UpstreamFailure::no_memory);
  if (lease.size() > kTunnelHeadBytesMax - tunnel_head_bytes_) {
    return fail_connecting(UpstreamFailure::egress);
  }
  std::memcpy(tunnel_head_.data() + tunnel_head_bytes_, lease.data(), lease.size());
  tunnel_head_bytes_ += static_cast<std::uint32_t>(lease.size());
  http::HeadScan scan;
  const std::string_view text(reinterpret_cast<const char*>(tunnel_head_.data()),
                              tunnel_head_bytes_);
  // A HEAD's answer has no body whatever its fields say, as a CONNECT's has none (RFC 9110, 9.3.6).
  const http::HeadResult head = http::parse_response_head(
      text, kTunnelHeadLimits, http::Method::head, shard_->response_head, scan);
  if (head.status == http::HeadStatus::incomplete) return;
  const std::uint16_t status = shard_->response_head.status;
  const bool agreed = head.status == http::HeadStatus::complete && status >= 200 && status < 300 &&
                      head.consumed == tunnel_head_bytes_;
  if (!agreed) return fail_connecting(UpstreamFailure::egress);
  tunnel_head_.reset();
  tunnel_open_ = true;
  if (!transport_.sending()) secure();
}

void UpstreamConnection::secure() {
  const ProviderLink& provider = pool_->provider();
  if (provider.tls != nullptr) {
    state_ = State::handshaking;
    transport_.start_tls_upstream(provider.tls, pool_->tls_resumption());
    return;
  }
  on_handshake_done();
}

void UpstreamConnection::on_handshake_done() {
  state_ = State::idle;
  pool_->on_connected(*this);
  idle_since_ = shard_->now();
  // Who waited for it may have left: then it stays unused, and no longer than any other.
  shard_->timers->arm(timer_,
                      idle_since_ + milliseconds(pool_->provider().row->pool.idle_timeout_ms));
  transport_.want_receive(ReceiveMode::many);
  pool_->on_ready(*this);
}

void UpstreamConnection::on_handshake_failed() {
  fail_connecting(UpstreamFailure::tls);
}

void UpstreamConnection::on_timeout() {
  if (state_ == State::connecting) {
    connect_failure_ = UpstreamFailure::connect_timeout;
    if (connect_op_.in_flight()) {
      // on_connected() goes on from there.
      shard_->io->cancel(cancel_op_, connect_op_);
    }
  } else if (state_ == State::handshaking || state_ == State::tunnelling) {
    fail_connecting(UpstreamFailure::connect_timeout);
  } else if (state_ == State::idle) {
    on_idle_timeout();
  }
}

void UpstreamConnection::fail_connecting(UpstreamFailure failure) {
  connect_failure_ = failure;
  shard_->timers->disarm(timer_);
  state_ = State::closing;
  transport_.close();
}

// --- in use --------------------------------------------------------------------------------------

void UpstreamConnection::attach(UpstreamUser& user) {
  HEADRACE_CHECK(state_ == State::idle);
  auto& hook = static_cast<core::ListHook<UpstreamIdleTag>&>(*this);
  if (hook.linked()) {
    hook.unlink();
    --pool_->idle_count_;
  }
  state_ = State::busy;
  user_ = &user;
  ++requests_;
}

void UpstreamConnection::hand_to(UpstreamUser& user) {
  HEADRACE_CHECK(state_ == State::busy);
  user_ = &user;
}

void UpstreamConnection::release() {
  HEADRACE_CHECK(state_ == State::busy);
  user_ = nullptr;
  state_ = State::idle;
  idle_since_ = shard_->now();
  transport_.want_receive(pool_->expects_bulk() ? ReceiveMode::one_bulk : ReceiveMode::many);
  // The timer is moved only when it fires: an idle connection is mostly taken long before.
  if (!timer_.armed()) {
    shard_->timers->arm(timer_,
                        idle_since_ + milliseconds(pool_->provider().row->pool.idle_timeout_ms));
  }
  returned_ = true;
  pool_->give_back(*this);
}

void UpstreamConnection::abandon(RequestMessage* custody) {
  HEADRACE_CHECK(state_ == State::busy);
  custody_ = custody;
  user_ = nullptr;
  state_ = State::closing;
  shard_->timers->disarm(timer_);
  transport_.close();
}

void UpstreamConnection::close_idle() {
  HEADRACE_CHECK(state_ == State::idle);
  auto& hook = static_cast<core::ListHook<UpstreamIdleTag>&>(*this);
  if (hook.linked()) {
    hook.unlink();
    --(returned_ ? pool_->returned_count_ : pool_->idle_count_);
    returned_ = false;
  }
  state_ = State::closing;
  shard_->timers->disarm(timer_);
  transport_.close_with_goodbye();
}

void UpstreamConnection::on_idle_timeout() {
  const core::Instant due = idle_since_ + milliseconds(pool_->provider().row->pool.idle_timeout_ms);
  if (due > shard_->now()) {
    shard_->timers->arm(timer_, due);
    return;
  }
  close_idle();
}

// --- events of the transport ---------------------------------------------------------------------

void UpstreamConnection::on_received(core::BufferLease lease) {
  if (state_ == State::busy) {
    user_->on_upstream_received(std::move(lease));
  } else if (state_ == State::tunnelling) {
    on_tunnel_received(std::move(lease));
  } else if (state_ == State::idle) {
    // Nobody asked for anything: whatever this is, it must not meet the next request.
    close_idle();
  }
}

void UpstreamConnection::on_received_into(std::size_t) {
  HEADRACE_CHECK(false, "answers are received into buffers of the io");
}

void UpstreamConnection::on_peer_end(PeerEnd end) {
  if (state_ == State::busy) {
    user_->on_upstream_ended(end);
  } else if (state_ == State::idle) {
    close_idle();
  } else if (state_ == State::handshaking) {
    fail_connecting(UpstreamFailure::tls);
  } else if (state_ == State::tunnelling) {
    fail_connecting(UpstreamFailure::egress);
  }
}

void UpstreamConnection::on_sent(bool all) {
  if (state_ == State::tunnelling) {
    if (!all) return fail_connecting(UpstreamFailure::egress);
    if (tunnel_open_) secure();
    // Whoever has the connection by now is sending something else.
    if (!core::planted(core::PlantedBug::tunnels_send_told)) return;
  }
  if (state_ == State::busy) user_->on_upstream_sent(all);
}

void UpstreamConnection::on_spliced(std::int32_t result) {
  if (state_ == State::busy) user_->on_upstream_spliced(result);
}

void UpstreamConnection::on_cancelled(core::Completion&) {
  if (closed_) on_closed();
}

void UpstreamConnection::on_closed() {
  closed_ = true;
  if (cancel_op_.in_flight()) return;
  if (custody_ != nullptr && !core::planted(core::PlantedBug::custody_leaked))
    shard_->messages.destroy(*std::exchange(custody_, nullptr));
  pool_->on_gone(*this, connect_failure_ != UpstreamFailure::none);
}

}  // namespace headrace::net

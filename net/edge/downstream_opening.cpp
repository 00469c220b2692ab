// A client's connection before its first request: whose it is, whether its address may have one
// more, and TLS.
#include <utility>

#include "core/planted_bug.h"
#include "net/edge/downstream_connection.h"
#include "net/edge/listener.h"
#include "net/edge/proxy_header.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using std::chrono::milliseconds;

void DownstreamConnection::open(core::Socket socket) {
  transport_.open(socket);
  if (expects_proxy_header()) {
    state_ = State::reading_proxy_header;
    deadline_.set(*shard_->timers,
                  shard_->now() + milliseconds(shard_->config->http().head_timeout_ms));
    transport_.want_receive(ReceiveMode::many);
    return;
  }
  begin_stream({});
}

bool DownstreamConnection::expects_proxy_header() {
  const ListenerLink& link = listener_->link();
  if (link.proxy_protocol == policy::config::ProxyProtocol::off) return false;
  // Nobody else may say who he is; where the header is required begin_stream() ends the others.
  return peer().known() && link.trusted_proxies.contains(peer().address());
}

void DownstreamConnection::take_proxy_header(core::BufferLease lease) {
  if (gathered_bytes_ > 0) {
    if (!gather(lease.bytes())) return close();
    lease = std::move(gathered_);
    lease.narrow(0, std::exchange(gathered_bytes_, 0));
  }
  const ProxyHeader header = parse_proxy_header(lease.bytes());
  switch (header.status) {
    case ProxyHeaderStatus::incomplete:
      if (lease.size() > kProxyHeaderBytesMax || !gather(lease.bytes())) close();
      return;
    case ProxyHeaderStatus::complete:
      if (header.source && !core::planted(core::PlantedBug::proxied_source_lost))
        peer_ = PeerAddress(*header.source);
      lease.narrow(header.consumed, lease.size() - header.consumed);
      proxy_header_seen_ = true;
      return begin_stream(std::move(lease));
    case ProxyHeaderStatus::absent:
      return begin_stream(std::move(lease));
    case ProxyHeaderStatus::bad:
      shard_->counters.add(ShardCount::connections_refused);
      return close();
  }
}

bool DownstreamConnection::enter_address_limits() {
  const ListenerLink& link = listener_->link();
  if (!link.address_limits.any()) return true;
  using Entered = AddressLimits::Entered;
  const Entered entered = shard_->address_limits.enter(peer(), link.address_limits, shard_->now());
  counts_for_address_ = entered == Entered::counted;
  if (entered != Entered::over) return true;
  shard_->counters.add(ShardCount::connections_refused);
  over_address_limit_ = link.answers_over_limit;
  return over_address_limit_;
}

// `first`: what of it has come already.
void DownstreamConnection::begin_stream(core::BufferLease first) {
  const bool unproxied =
      listener_->link().proxy_protocol == policy::config::ProxyProtocol::required &&
      !proxy_header_seen_;
  if (unproxied) shard_->counters.add(ShardCount::connections_refused);
  if (unproxied || !enter_address_limits()) return close();
  if (listener_->link().tls != nullptr) {
    state_ = State::handshaking;
    deadline_.set(*shard_->timers,
                  shard_->now() + milliseconds(shard_->config->http().tls_handshake_timeout_ms));
    transport_.start_tls_downstream(listener_->link().tls, std::move(first));
    return;
  }
  on_handshake_done();
  if (first && first.size() > 0) on_received(std::move(first));
}

void DownstreamConnection::on_handshake_done() {
  client_names_ = transport_.take_client_names();
  // From the first connection on a head must come soon; between requests there is more time.
  state_ = State::reading_head;
  deadline_.set(*shard_->timers,
                shard_->now() + milliseconds(shard_->config->http().head_timeout_ms));
  transport_.want_receive(ReceiveMode::many);
}

void DownstreamConnection::on_handshake_failed() {
  shard_->counters.add(ShardCount::tls_failures);
  close();
}

const PeerAddress& DownstreamConnection::peer() {
  if (!peer_asked_) {
    peer_asked_ = true;
    peer_ = PeerAddress(shard_->io->peer_address(transport_.socket()));
  }
  return peer_;
}

}  // namespace headrace::net

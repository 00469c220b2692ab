#include "net/edge/listener.h"

#include <cerrno>

#include "core/check.h"
#include "core/planted_bug.h"
#include "net/shard_context.h"

namespace headrace::net {

Listener::Listener(ShardContext& shard, std::string address, core::Socket socket, ListenerLink link)
    : shard_(&shard), address_(std::move(address)), socket_(socket) {
  set_link(std::move(link));
  accept_op_.bind<&Listener::on_accepted>(this);
  control_op_.bind<&Listener::on_closed>(this);
  retry_.bind<&Listener::on_retry>(this);
}

void Listener::set_link(ListenerLink link) {
  if (link.address_limits.any()) shard_->address_limits.prepare();
  link_ = std::move(link);
}

Listener::~Listener() {
  HEADRACE_CHECK(quiet());
}

std::string Listener::local_address() const {
  return shard_->io->local_address(socket_).text();
}

std::uint16_t Listener::port() const {
  return shard_->io->local_address(socket_).port();
}

void Listener::start() {
  shard_->io->accept_multishot(accept_op_, socket_);
}

void Listener::on_accepted(core::Completion& completion) {
  if (completion.result >= 0) take(static_cast<core::Socket>(completion.result));
  if (completion.more) return;
  if (draining_) {
    if (!closing_ && !control_op_.in_flight()) close_socket();
    return;
  }
  if (core::planted(core::PlantedBug::accept_lost) && completion.result >= 0) return;
  // Out of descriptors (or of memory): trying at once would spin.
  const bool exhausted = completion.result < 0 && completion.result != -ECONNABORTED;
  exhausted ? pause() : accept_again();
}

void Listener::take(core::Socket socket) {
  DownstreamConnection* connection = nullptr;
  if (!closed_for_good_ && connections_count_ < link_.connections_max) {
    connection = shard_->downstreams.make(*shard_, *this);
  }
  if (connection == nullptr) {
    shard_->counters.add(ShardCount::connections_refused);
    shard_->io->close_now(socket);
    return;
  }
  ++connections_count_;
  connections_.push_back(*connection);
  shard_->counters.add(ShardCount::connections_accepted);
  shard_->counters.gauges.downstream_connections.add(1);
  connection->open(socket);
  if (draining_) connection->serve_once();
}

void Listener::pause() {
  paused_ = true;
  shard_->timers->arm(retry_, shard_->now() + kRetryPause);
}

void Listener::on_retry() {
  if (paused_) accept_again();
}

void Listener::accept_again() {
  paused_ = false;
  if (draining_ || accept_op_.in_flight()) return;
  shard_->io->accept_multishot(accept_op_, socket_);
}

void Listener::on_connection_gone(DownstreamConnection& connection) {
  --connections_count_;
  shard_->counters.gauges.downstream_connections.add(-1);
  shard_->downstreams.destroy(connection);
  if (paused_) {
    shard_->timers->disarm(retry_);
    accept_again();
  }
}

void Listener::drain() {
  if (draining_) return;
  draining_ = true;
  shard_->timers->disarm(retry_);
  if (accept_op_.in_flight()) {
    shard_->io->cancel(control_op_, accept_op_);
  } else if (!closing_) {
    close_socket();
  }
  for (DownstreamConnection* each = connections_.first(); each != nullptr;) {
    DownstreamConnection* next = connections_.after(*each);
    each->finish_soon();
    each = next;
  }
}

void Listener::close_connections() {
  closed_for_good_ = true;
  for (DownstreamConnection* each = connections_.first(); each != nullptr;) {
    DownstreamConnection* next = connections_.after(*each);
    each->close();
    each = next;
  }
}

void Listener::on_closed(core::Completion&) {
  if (closing_) {
    closed_ = true;
    return;
  }
  // The cancellation was answered; when accepting has ended too, the socket can go.
  if (!accept_op_.in_flight()) close_socket();
}

void Listener::close_socket() {
  closing_ = true;
  for (int i = 0; i < kAcceptsAtTheEndMax; ++i) {
    const std::optional<core::Socket> socket = shard_->io->accept_now(socket_);
    if (!socket) break;
    take(*socket);
  }
  shard_->io->close(control_op_, socket_);
}

}  // namespace headrace::net

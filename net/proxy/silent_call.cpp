#include "net/proxy/silent_call.h"

#include <utility>

#include "core/check.h"
#include "net/proxy/exchange.h"
#include "net/shard_context.h"
#include "net/upstream/upstream_connection.h"

namespace headrace::net {

SilentCall::SilentCall(ShardContext& shard, Exchange& exchange, const UpstreamCall& call,
                       core::Instant deadline)
    : shard_(&shard), exchange_(&exchange), call_(call) {
  HEADRACE_CHECK(call_.sent && call_.connection != nullptr,
                 "what is not sent cannot be waited for");
  deadline_.bind<&SilentCall::on_deadline>(this);
  deadline_.set(*shard_->timers, deadline);
  call_.connection->hand_to(*this);
}

SilentCall::~SilentCall() {
  deadline_.clear(*shard_->timers);
}

void SilentCall::on_upstream_ready(UpstreamConnection&) {
  HEADRACE_CHECK(false, "it has its connection");
}

void SilentCall::on_upstream_failed(UpstreamFailure) {
  HEADRACE_CHECK(false, "it has its connection");
}

void SilentCall::on_upstream_sent(bool) {
  HEADRACE_CHECK(false, "its request was sent before");
}

void SilentCall::on_upstream_received(core::BufferLease lease) {
  if (!has_begun()) begun_at_ = shard_->now();
  exchange_->on_silent_answer(std::move(lease));
}

void SilentCall::on_upstream_ended(PeerEnd) {
  exchange_->on_silent_failed(has_begun() ? UpstreamFailure::truncated
                                          : UpstreamFailure::closed_early);
}

void SilentCall::on_deadline() {
  if (!deadline_.expired(*shard_->timers, shard_->now())) return;
  exchange_->on_silent_failed(UpstreamFailure::first_byte_timeout);
}

}  // namespace headrace::net

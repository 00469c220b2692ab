// A call whose provider has the whole request and has not said a word, while the exchange attends
// to another one for the same request (a hedge, policy/resilience/hedge.h). It only listens: what
// it hears is told to the exchange, which then drops it or attends to it again.
//
// Threads:  one shard.
// Lifetime: in the shard's slot pool, from Exchange::begin_hedge() until the exchange attends to it
//           or drops it, which may be from within any of the handlers here: they do nothing after.
#pragma once

#include "net/edge/deadline.h"
#include "net/proxy/upstream_call.h"
#include "net/upstream/upstream_user.h"

namespace headrace::net {

class Exchange;
struct ShardContext;

class SilentCall final : public UpstreamUser {
 public:
  // The call's connection is this one's from now on.
  SilentCall(ShardContext& shard, Exchange& exchange, const UpstreamCall& call,
             core::Instant deadline);
  ~SilentCall();

  [[nodiscard]] UpstreamCall& call() { return call_; }

  void on_upstream_ready(UpstreamConnection& connection) override;
  void on_upstream_failed(UpstreamFailure failure) override;
  void on_upstream_received(core::BufferLease lease) override;
  void on_upstream_ended(PeerEnd end) override;
  void on_upstream_sent(bool all) override;

 private:
  void on_deadline();

  ShardContext* shard_;
  Exchange* exchange_;
  UpstreamCall call_;
  Deadline deadline_;  // the answer's first byte
};

}  // namespace headrace::net

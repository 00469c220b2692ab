// A call whose provider has the whole request and has not said a word, or not the whole head of its
// answer, while the exchange attends
// to another one for the same request (a hedge, policy/resilience/hedge.h). It only listens: what
// it hears is told to the exchange, which then drops it or attends to it again.
//
// Threads:  one shard.
// Lifetime: in the shard's slot pool, from Exchange::begin_hedge() until the exchange attends to it
//           or drops it, which may be from within any of the handlers here: they do nothing after.
#pragma once

#include "net/edge/deadline.h"
#include "net/proxy/answer_head.h"
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
  // What has come of its answer's head, and since when.
  [[nodiscard]] AnswerHead& head() { return head_; }
  [[nodiscard]] bool has_begun() const { return begun_at_ != core::Instant{}; }
  [[nodiscard]] core::Instant begun_at() const { return begun_at_; }

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
  AnswerHead head_;
  core::Instant begun_at_{};
  Deadline deadline_;  // the answer's first byte, and the rest of its head with it
};

}  // namespace headrace::net

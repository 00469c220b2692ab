// A request waits for a target that has no room: at the reserve stage, in the queue of the limit
// that no target has room by.
#include <algorithm>

#include "core/check.h"
#include "net/proxy/exchange.h"
#include "net/queue/shard_queue.h"
#include "net/shard_config.h"
#include "net/shard_context.h"
#include "policy/quota/quota_refusal_text.h"

namespace headrace::net {

using policy::Verdict;
using std::chrono::milliseconds;

// No target of the route has room. The one that is to have it first says when.
Verdict Exchange::wait_or_refuse(const TargetRefusal& refused) {
  const bool comes_back = refused.cause == core::RefusalCause::spent;
  // A second call that would have to wait is not made: the first one goes on.
  if (!comes_back || !may_wait() || silent_ != nullptr) return refuse_for_want_of_room(refused);
  const core::Instant now = shard_->now();
  const policy::config::RouteQueue& rules = config_->view().queue(*route_);
  const bool same =
      wait_.seat != nullptr && wait_.seat->terms.identity == refused.limit.terms.identity;
  if (wait_.seat != nullptr && !same) leave_queue();
  if (wait_.seat == nullptr) {
    const core::Duration patience = milliseconds(rules.wait_max_ms) - wait_.so_far;
    const core::Instant deadline = std::min(now + patience, total_deadline_);
    const core::Instant ready_at = ready_by(refused, deadline);
    const bool full = config_->waiting(*route_) >= rules.waiting_max;
    if (!full && (ready_at <= deadline || ready_at == core::kNever)) {
      wait_.seat = shard_->queue->ask({.limit = refused.limit,
                                       .amount = static_cast<std::uint64_t>(refused.amount),
                                       .tenant = caller_.tenant->identity,
                                       .weight = caller_.tenant->weight,
                                       .ready_at = ready_at,
                                       .deadline = deadline},
                                      *this);
    }
    if (wait_.seat == nullptr) {
      shard_->counters.add(ShardCount::queue_refused);
      return refuse_for_want_of_room(refused);
    }
    wait_.begun_at = now;
    config_->add_waiting(*route_, 1);
    shard_->counters.gauges.requests_queued.add(1);
    return park(deadline);
  }
  // It was its turn, and not enough was there.
  const core::Instant deadline = wait_.seat->deadline;
  const core::Instant ready_at = ready_by(refused, deadline);
  if (ready_at != core::kNever && ready_at > deadline) {
    shard_->counters.add(ShardCount::queue_expired);
    return refuse_for_want_of_room(refused);
  }
  shard_->queue->again(*wait_.seat, ready_at);
  return park(deadline);
}

Verdict Exchange::refuse_for_want_of_room(const TargetRefusal& refused) {
  if (silent_ != nullptr) return go_on_without_hedge();
  const policy::QuotaRefusal why{
      .limit = &refused.limit, .cause = refused.cause, .retry_after = refused.retry_after};
  shard_->counters.add(count_of(why));
  limit_ = config_->view().text(refused.limit.rule->name);
  policy::Refusal refusal = policy::refusal_of(why, config_->view());
  // Of a concurrency limit too, where a queue has told.
  if (refused.retry_after && refusal.retry_after_ms >= 0) {
    refusal.retry_after_ms = std::chrono::ceil<milliseconds>(*refused.retry_after).count();
  }
  leave_queue();
  reply(refusal);
  return Verdict::reply;
}

// It has waited as long as it may.
Verdict Exchange::stop_queueing() {
  HEADRACE_CHECK(park_expired_, "who waits is woken by his turn, or by time");
  shard_->counters.add(ShardCount::queue_expired);
  const policy::ChainedLimit limit = wait_.seat->refused_by;
  return refuse_for_want_of_room({.limit = limit, .retry_after = wait_for_more(limit)});
}

void Exchange::on_queue_turn() {
  resume();
}

void Exchange::on_queue_refused(core::Duration wait) {
  shard_->counters.add(ShardCount::queue_refused);
  const policy::ChainedLimit limit = wait_.seat->refused_by;
  static_cast<void>(refuse_for_want_of_room({.limit = limit, .retry_after = wait}));
}

}  // namespace headrace::net

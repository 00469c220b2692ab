// A request's place in the queue of a limit: whether it may have one, for how long, and its end.
#include <algorithm>
#include <utility>

#include "net/proxy/exchange_quota.h"
#include "net/queue/shard_queue.h"
#include "net/shard_config.h"
#include "net/shard_context.h"

namespace headrace::net {

using std::chrono::milliseconds;

namespace {

// So often a limit is looked at whose permits another process holds: one that drains after an
// upgrade gives them back without a word to this one.
constexpr core::Duration kLookAgain = milliseconds(50);

}  // namespace

bool ExchangeQuota::may_wait() const {
  return shard_->queue != nullptr && route_ != nullptr &&
         config_->view().queue(*route_).waiting_max > 0;
}

bool ExchangeQuota::has_turn() const {
  return wait_.seat != nullptr && wait_.seat->turn;
}

// Somebody waits for it already: whoever comes now does not overtake him. But who has his turn at
// one limit does not wait at another before that one has refused him: else two limits could send
// him to and fro.
const policy::ChainedLimit* ExchangeQuota::first_waited_for(const policy::LimitChain& chain) const {
  if (!may_wait() || has_turn()) return nullptr;
  const auto limits = chain.limits();
  const auto first = std::ranges::find_if(limits, [&](const policy::ChainedLimit& limit) {
    return shard_->queue->anybody_waits(limit.terms.identity);
  });
  return first == limits.end() ? nullptr : &*first;
}

// When the limit is to be asked again; kNever: when somebody gives back.
core::Instant ExchangeQuota::ready_by(const TargetRefusal& refused, core::Instant deadline) {
  const core::Instant now = shard_->now();
  const core::Instant by_itself = refused.retry_after ? now + *refused.retry_after : core::kNever;
  // Who would wait in vain is told so at once.
  if (refused.retry_after && by_itself > deadline) return by_itself;
  const bool heard_of_by_none =
      now + kLookAgain < deadline && shard_->limits->held_elsewhere(refused.limit.terms);
  return heard_of_by_none ? std::min(by_itself, now + kLookAgain) : by_itself;
}

// What the limit itself says; others who wait are not counted.
core::Duration ExchangeQuota::wait_for_more(const policy::ChainedLimit& limit) {
  constexpr core::Duration kSoon = std::chrono::seconds(1);
  return std::max(shard_->limits->wait_for(limit.terms, 1, shard_->limit_time()), kSoon);
}

// It has found room: where it waited for it, or elsewhere meanwhile.
void ExchangeQuota::end_wait(const policy::LimitChain& chain) {
  if (wait_.seat == nullptr) return;
  shard_->counters.queue_nanos.record(
      static_cast<std::uint64_t>((shard_->now() - wait_.begun_at).count()));
  const bool here = std::ranges::any_of(chain.limits(), [&](const policy::ChainedLimit& limit) {
    return limit.terms.identity == wait_.seat->terms.identity;
  });
  here ? shard_->queue->served(note_wait_end()) : shard_->queue->leave(note_wait_end());
}

void ExchangeQuota::leave_queue() {
  if (wait_.seat != nullptr) shard_->queue->leave(note_wait_end());
}

QueueSeat& ExchangeQuota::note_wait_end() {
  wait_.so_far += shard_->now() - wait_.begun_at;
  config_->add_waiting(*route_, -1);
  shard_->counters.gauges.requests_queued.add(-1);
  return *std::exchange(wait_.seat, nullptr);
}

}  // namespace headrace::net

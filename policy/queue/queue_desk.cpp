#include "policy/queue/queue_desk.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/planted_bug.h"

namespace headrace::policy {
namespace {

using core::Duration;
using core::Instant;

// Told where nobody can know better: somebody else will have given up his place by then.
constexpr Duration kSoon = std::chrono::seconds(1);
// Longer waits are not told apart.
constexpr Duration kLongestWait = std::chrono::days(366);
// An average of turns moves by this part of a new one.
constexpr int kAverageShift = 3;

}  // namespace

QueueDesk::QueueDesk(QueueHouse& house, const QueueDeskLimits& limits)
    : house_(house), flows_(limits.flows_max), queues_("queues of limits", limits.queues_max) {}

QueueDesk::~QueueDesk() {
  HEADRACE_CHECK(busy_.empty(), "a desk died before those who wait at it");
  while (DeskQueue* queue = resting_.pop_front())
    queues_.destroy(*queue);
}

std::size_t QueueDesk::planned_bytes(const QueueDeskLimits& limits) {
  return core::SlotPool<DeskQueue>::planned_bytes(limits.queues_max) +
         FairFlows::planned_bytes(limits.flows_max);
}

void QueueDesk::ask(QueueTicket& ticket, Instant now) {
  DeskQueue* queue = queue_of(ticket.terms.identity, now);
  if (queue == nullptr) return refuse(ticket, kSoon);
  const Duration wait = expected_wait(*queue, ticket);
  const bool too_late = now + wait > ticket.deadline;
  if (too_late || !queue->fair.join(ticket, ticket.tenant, ticket.weight, ticket.cost)) {
    refuse(ticket, too_late ? wait : std::max(wait, kSoon));
    return rest_if_empty(*queue);
  }
  ticket.desk_queue = queue;
  ++waiting_;
  const bool first = queue->fair.waiting() == 1 && queue->fair.called() == nullptr;
  if (first) call_next(*queue);
}

void QueueDesk::served(QueueTicket& ticket, Instant now) {
  DeskQueue& queue = *ticket.desk_queue;
  HEADRACE_CHECK(queue.fair.called() == &ticket, "only who was called is served");
  const Duration length = (now - queue.turned_at) / static_cast<std::int64_t>(ticket.cost);
  queue.turned_at = now;
  queue.turn_length = queue.turn_length == Duration::zero()
                          ? length
                          : queue.turn_length + (length - queue.turn_length) / (1 << kAverageShift);
  queue.fair.served();
  ticket.desk_queue = nullptr;
  --waiting_;
  house_.say(ticket, QueueWord::done, {});
  queue.given_back = false;
  if (!core::planted(core::PlantedBug::queue_wake_lost)) call_next(queue);
  rest_if_empty(queue);
}

void QueueDesk::again(QueueTicket& ticket, Instant now) {
  DeskQueue& queue = *ticket.desk_queue;
  HEADRACE_CHECK(queue.fair.called() == &ticket, "only who was called is put back");
  queue.fair.put_back();
  if (std::exchange(queue.given_back, false)) return call_next(queue);
  // Never sooner than now: it was asked just before.
  wait_until(queue, std::max(ticket.ready_at, now + Duration{1}));
}

void QueueDesk::leave(QueueTicket& ticket) {
  if (DeskQueue* queue = std::exchange(ticket.desk_queue, nullptr)) {
    const bool was_called = queue->fair.called() == &ticket;
    if (!core::planted(core::PlantedBug::queue_entry_left)) queue->fair.leave(ticket);
    --waiting_;
    if (was_called) call_next(*queue);
    rest_if_empty(*queue);
  }
  house_.say(ticket, QueueWord::done, {});
}

void QueueDesk::given_back(std::uint32_t slot) {
  for (DeskQueue* queue = busy_.first(); queue != nullptr; queue = busy_.after(*queue)) {
    if (queue_slot(queue->limit) != slot) continue;
    if (queue->fair.called() != nullptr) {
      queue->given_back = true;  // he may have asked just before
    } else {
      call_next(*queue);
    }
  }
}

void QueueDesk::wake(Instant now) {
  next_due_ = core::kNever;
  for (DeskQueue* queue = busy_.first(); queue != nullptr; queue = busy_.after(*queue)) {
    if (queue->ready_at <= now) {
      call_next(*queue);
    } else {
      next_due_ = std::min(next_due_, queue->ready_at);
    }
  }
}

DeskQueue* QueueDesk::queue_of(std::uint64_t limit, Instant now) {
  for (DeskQueue* each = busy_.first(); each != nullptr; each = busy_.after(*each)) {
    if (each->limit == limit) return each;
  }
  DeskQueue* queue = nullptr;
  for (DeskQueue* each = resting_.first(); each != nullptr; each = resting_.after(*each)) {
    if (each->limit == limit) queue = each;
  }
  if (queue == nullptr && queues_.full() && !resting_.empty()) {
    queues_.destroy(*resting_.pop_front());
  }
  if (queue == nullptr) queue = queues_.make(limit, flows_);
  if (queue == nullptr) return nullptr;
  queue->unlink();
  queue->turned_at = now;
  busy_.push_back(*queue);
  return queue;
}

// What comes back of a limit is known by its terms; how fast others give back only by experience.
Duration QueueDesk::expected_wait(DeskQueue& queue, const QueueTicket& ticket) {
  const std::uint64_t ahead = queue.fair.cost_ahead(ticket.tenant, ticket.weight) +
                              (queue.fair.called() == nullptr ? 0 : queue.fair.called()->cost);
  const std::uint64_t wanted = ahead + ticket.cost;
  const bool by_time = ticket.terms.kind != core::WindowKind::concurrency;
  const Duration wait = by_time ? house_.wait_for(ticket, wanted)
                                : queue.turn_length * static_cast<std::int64_t>(wanted);
  return std::clamp(wait, Duration::zero(), kLongestWait);
}

void QueueDesk::refuse(QueueTicket& ticket, Duration wait) {
  house_.say(ticket, QueueWord::refused, wait);
}

void QueueDesk::call_next(DeskQueue& queue) {
  queue.ready_at = core::kNever;
  FairEntry* next = queue.fair.call();
  if (next == nullptr) return;
  auto& ticket = static_cast<QueueTicket&>(*next);
  house_.say(ticket, QueueWord::turn, {});
  if (core::planted(core::PlantedBug::queue_woken_twice)) {
    house_.say(ticket, QueueWord::turn, {});
  }
}

void QueueDesk::wait_until(DeskQueue& queue, Instant when) {
  queue.ready_at = when;
  next_due_ = std::min(next_due_, when);
}

void QueueDesk::rest_if_empty(DeskQueue& queue) {
  if (!queue.fair.empty()) return;
  queue.fair.end_busy_period();
  queue.ready_at = core::kNever;
  queue.unlink();
  resting_.push_back(queue);
}

}  // namespace headrace::policy

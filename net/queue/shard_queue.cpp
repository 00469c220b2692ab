#include "net/queue/shard_queue.h"

#include <bit>
#include <utility>

#include "core/check.h"
#include "net/shard_context.h"

namespace headrace::net {

using core::Duration;
using policy::QueueWord;

namespace {

// No shard has more to say of its own seats, and as a desk of those of all others.
ShardPostLimits post_limits(const ShardQueueLimits& limits, std::size_t per_seat,
                            std::size_t shards) {
  const auto of = [&](std::size_t count) {
    return count * limits.seats_max * per_seat + policy::kQueueSlots;
  };
  return {.own_max = of(1), .unsent_max = of(shards)};
}

}  // namespace

ShardQueue::ShardQueue(ProcessQueues& process, ShardContext& shard, core::Mailbox* mailbox,
                       const ShardQueueLimits& limits)
    : process_(process),
      shard_(shard),
      desk_(*this, limits.desk),
      seats_("seats in queues", limits.seats_max),
      post_("messages about queues", shard.number, mailbox,
            post_limits(limits, kMessagesPerSeat, process.shards)) {
  due_.bind<&ShardQueue::on_due>(this);
}

ShardQueue::~ShardQueue() {
  shard_.timers->disarm(due_);
}

std::size_t ShardQueue::planned_bytes(const ShardQueueLimits& limits, std::uint32_t shards) {
  return core::SlotPool<QueueSeat>::planned_bytes(limits.seats_max) +
         policy::QueueDesk::planned_bytes(limits.desk) +
         ShardPost::planned_bytes(post_limits(limits, kMessagesPerSeat, shards));
}

// --- the asker's side ----------------------------------------------------------------------------

QueueSeat* ShardQueue::ask(const QueueQuestion& question, QueueUser& user) {
  QueueSeat* seat = seats_.make(user, question.limit);
  if (seat == nullptr) return nullptr;
  seat->terms = question.limit.terms;
  seat->cost = question.amount;
  seat->tenant = question.tenant;
  seat->weight = question.weight;
  seat->shard = shard_.number;
  seat->ready_at = question.ready_at;
  seat->deadline = question.deadline;
  // Before the limit is asked once more (process_queues.h).
  process_.slots[policy::queue_slot(question.limit.terms.identity)].waiting.fetch_add(1);
  post_home(*seat, QueueMessage::ask);
  return seat;
}

void ShardQueue::served(QueueSeat& seat) {
  HEADRACE_CHECK(seat.turn, "nobody is served before it is his turn");
  seat.user = nullptr;
  post_home(seat, QueueMessage::served);
}

void ShardQueue::leave(QueueSeat& seat) {
  seat.user = nullptr;
  post_home(seat, QueueMessage::leave);
}

void ShardQueue::again(QueueSeat& seat, core::Instant ready_at) {
  HEADRACE_CHECK(std::exchange(seat.turn, false), "nobody waits on who had no turn");
  seat.ready_at = ready_at;
  post_home(seat, QueueMessage::again);
}

void ShardQueue::on_credit_back(std::uint64_t limit) {
  const std::uint32_t number = policy::queue_slot(limit);
  ProcessQueues::Slot& slot = process_.slots[number];
  // After it was given back (process_queues.h).
  if (slot.waiting.load() == 0 || slot.told.exchange(true)) return;
  post(process_.home_of(number), kind_of(QueueMessage::given_back), nullptr, number);
}

// --- messages ------------------------------------------------------------------------------------

void ShardQueue::post(std::uint32_t to, std::uint32_t kind, const void* seat, std::uint64_t b) {
  core::Message message;
  message.kind = kind;
  message.a = std::bit_cast<std::uint64_t>(seat);
  message.b = b;
  post_.send(to, message);
}

void ShardQueue::post_home(QueueSeat& seat, QueueMessage message) {
  post(process_.home_of(policy::queue_slot(seat.terms.identity)), kind_of(message), &seat, 0);
}

void ShardQueue::on_message(const core::Message& message) {
  auto* seat = std::bit_cast<QueueSeat*>(message.a);
  if (message.kind >= kind_of(QueueMessage::word)) {
    const auto word = static_cast<QueueWord>(message.kind - kind_of(QueueMessage::word));
    return hear(*seat, word, Duration(static_cast<std::int64_t>(message.b)));
  }
  const core::Instant now = shard_.now();
  switch (static_cast<QueueMessage>(message.kind)) {
    case QueueMessage::ask:
      desk_.ask(*seat, now);
      break;
    case QueueMessage::served:
      desk_.served(*seat, now);
      break;
    case QueueMessage::again:
      desk_.again(*seat, now);
      break;
    case QueueMessage::leave:
      desk_.leave(*seat);
      break;
    case QueueMessage::given_back:
      // Whoever gives back from here on says so again.
      process_.slots[message.b].told.store(false);
      desk_.given_back(static_cast<std::uint32_t>(message.b));
      break;
    case QueueMessage::word:
      HEADRACE_CHECK(false, "a message about queues that means nothing");
  }
  arm();
}

// --- the desk's side -----------------------------------------------------------------------------

void ShardQueue::say(policy::QueueTicket& to, QueueWord word, Duration wait) {
  post(to.shard, kind_of(word), static_cast<QueueSeat*>(&to),
       static_cast<std::uint64_t>(wait.count()));
}

Duration ShardQueue::wait_for(const policy::QueueTicket& ticket, std::uint64_t amount) {
  return shard_.limits->wait_for(ticket.terms, static_cast<std::int64_t>(amount),
                                 shard_.limit_time());
}

void ShardQueue::on_due() {
  desk_.wake(shard_.now());
  arm();
}

void ShardQueue::arm() {
  if (desk_.next_due() != due_.deadline() || !due_.armed()) {
    shard_.timers->arm(due_, desk_.next_due());
  }
}

// --- what the desk has said ----------------------------------------------------------------------

void ShardQueue::hear(QueueSeat& seat, QueueWord word, Duration wait) {
  switch (word) {
    case QueueWord::turn:
      HEADRACE_CHECK(!seat.turn, "whoever has his turn is not called");
      // Whoever has left has said so: then the desk calls the next one.
      seat.turn = true;
      if (seat.user == nullptr) return;
      return seat.user->on_queue_turn();
    case QueueWord::refused:
      if (seat.user == nullptr) return;
      return seat.user->on_queue_refused(wait);
    case QueueWord::done:
      process_.slots[policy::queue_slot(seat.terms.identity)].waiting.fetch_sub(1);
      seats_.destroy(seat);
      return;
  }
}

}  // namespace headrace::net
